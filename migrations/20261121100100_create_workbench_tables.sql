-- The live feed of the agent workbench: what came through the sockets, and when nobody was listening.

create schema if not exists workbench;
comment on schema workbench is 'Live feed of the call system''s agent workbench (agent/monitor), as it came through each agent''s socket.';

create table workbench.agent_status (
    source text not null,
    extno text not null,
    since timestamptz not null,
    until timestamptz,
    duration interval generated always as (until - since) stored,
    status integer,
    status_name text not null,
    closed_by text,
    reported_since timestamptz,
    reported_at timestamptz,
    connection_id uuid not null,
    message_no bigint not null,
    revision integer not null,
    first_seen_at timestamptz not null,
    changed_at timestamptz not null,
    deleted_at timestamptz,
    extra jsonb not null default '{}',
    run_id bigint not null,
    primary key (source, extno, since),
    check (since < until)
) with (fillfactor = 80);
create index agent_status_open on workbench.agent_status (source, extno) where until is null;
comment on table workbench.agent_status is 'One row for each stay of an agent in a state, built from notice. Stays and gaps (workbench.feed_gap) follow one another without hole or overlap from an agent''s first connection on.';
comment on column workbench.agent_status.source is 'The operator''s name for the vendor account.';
comment on column workbench.agent_status.extno is 'The agent''s number (坐席工号).';
comment on column workbench.agent_status.since is 'From when on the agent is known to have been in this state while we listened: never before the connection began.';
comment on column workbench.agent_status.until is 'When the state ended, or when we stopped listening; null while it lasts.';
comment on column workbench.agent_status.duration is 'until less since; null while it lasts.';
comment on column workbench.agent_status.status is 'The vendor''s number of the state (坐席状态): 0 signed out, 1 idle, 2 busy, 3 wrap-up. Null while no notice has told it, or where the vendor sent a number that no document lists.';
comment on column workbench.agent_status.status_name is 'signed_out (签出), idle (空闲), busy (忙碌), wrap_up (事务) or unknown.';
comment on column workbench.agent_status.closed_by is 'What ended the row: notice (another state), or the reason of the gap that began then (see feed_gap.reason). Null while it lasts.';
comment on column workbench.agent_status.reported_since is 'Beginning of the state by the vendor''s own account: receipt of the notice less its waiting time (坐席等待时长), to the second. May lie before since, where the state began before we were connected.';
comment on column workbench.agent_status.reported_at is 'When the first notice of this stay was received; null where none was.';
comment on column workbench.agent_status.connection_id is 'The connection through which it came.';
comment on column workbench.agent_status.message_no is 'Number of the event within its connection that began the stay.';
comment on column workbench.agent_status.revision is 'Number of this version: it grows when the state becomes known and when it ends.';
comment on column workbench.agent_status.first_seen_at is 'When ccsync first wrote this row.';
comment on column workbench.agent_status.changed_at is 'When ccsync wrote this version.';
comment on column workbench.agent_status.deleted_at is 'Always null: nothing vanishes from a feed.';
comment on column workbench.agent_status.extra is 'Every field of the stay''s first notice that has no column.';
comment on column workbench.agent_status.run_id is 'The run (sync.run) that wrote this version.';

create table workbench.announcement (
    source text not null,
    extno text not null,
    connection_id uuid not null,
    message_no bigint not null,
    received_at timestamptz not null,
    msg text,
    revision integer not null,
    first_seen_at timestamptz not null,
    changed_at timestamptz not null,
    deleted_at timestamptz,
    extra jsonb not null default '{}',
    run_id bigint not null,
    primary key (source, extno, connection_id, message_no)
);
create index announcement_received on workbench.announcement (source, received_at);
comment on table workbench.announcement is 'Announcements of the administrator (message), once for each agent''s socket through which they came.';
comment on column workbench.announcement.source is 'The operator''s name for the vendor account.';
comment on column workbench.announcement.extno is 'The agent on whose socket it came (坐席工号).';
comment on column workbench.announcement.connection_id is 'The connection through which it came.';
comment on column workbench.announcement.message_no is 'Number of the event within its connection.';
comment on column workbench.announcement.received_at is 'When it was received; the vendor sends no time.';
comment on column workbench.announcement.msg is 'The announcement (公告内容), phone numbers treated as configured.';
comment on column workbench.announcement.revision is 'Always 1: an announcement does not change.';
comment on column workbench.announcement.first_seen_at is 'When ccsync wrote this row.';
comment on column workbench.announcement.changed_at is 'When ccsync wrote this version.';
comment on column workbench.announcement.deleted_at is 'Always null: nothing vanishes from a feed.';
comment on column workbench.announcement.extra is 'Every field that the vendor sent and that has no column.';
comment on column workbench.announcement.run_id is 'The run (sync.run) that wrote this row.';

create table workbench.call_popup (
    source text not null,
    session_id text not null,
    extno text,
    city text,
    admin_id integer,
    edit_stamp timestamptz,
    info_extno text,
    fields jsonb,
    info_group text,
    import_stamp timestamptz,
    info_name text,
    project_id text,
    info_status text,
    task_id text,
    telephone text,
    info_uuid text,
    received_at timestamptz not null,
    connection_id uuid not null,
    message_no bigint not null,
    revision integer not null,
    first_seen_at timestamptz not null,
    changed_at timestamptz not null,
    deleted_at timestamptz,
    extra jsonb not null default '{}',
    content_hash uuid not null,
    run_id bigint not null,
    primary key (source, session_id)
) with (fillfactor = 90);
create index call_popup_received on workbench.call_popup (source, received_at);
comment on table workbench.call_popup is 'Calls that popped up on an agent''s screen (info), with what is known of the customer; the last version that came. Earlier ones: workbench.call_popup_history.';
comment on column workbench.call_popup.source is 'The operator''s name for the vendor account.';
comment on column workbench.call_popup.session_id is 'Number of the call (话单编号, sessionId).';
comment on column workbench.call_popup.extno is 'The agent who took the call (坐席工号); that of the socket where the vendor sends none.';
comment on column workbench.call_popup.city is 'Where the customer''s number is registered (号码归属地).';
comment on column workbench.call_popup.admin_id is 'Administrator to whom the customer record belongs (信息所属管理员的id).';
comment on column workbench.call_popup.edit_stamp is 'When the customer record was last edited (编辑日期); the vendor''s Beijing time.';
comment on column workbench.call_popup.info_extno is 'Agent to whom the customer record belongs (坐席工号); may differ from extno.';
comment on column workbench.call_popup.fields is 'The customer''s custom fields (字段值), those that privacy.custom_fields keeps; null where it keeps none.';
comment on column workbench.call_popup.info_group is 'Tag group of the customer (标签组).';
comment on column workbench.call_popup.import_stamp is 'When the customer record was imported (导入日期); the vendor''s Beijing time.';
comment on column workbench.call_popup.info_name is 'Name of the customer (客户姓名).';
comment on column workbench.call_popup.project_id is 'Number of the project (项目编号).';
comment on column workbench.call_popup.info_status is 'State of calling the customer (呼叫状态).';
comment on column workbench.call_popup.task_id is 'Number of the calling task (任务编号).';
comment on column workbench.call_popup.telephone is 'Number of the customer (号码), treated as privacy.phone says.';
comment on column workbench.call_popup.info_uuid is 'Number of the customer record (客户信息编号).';
comment on column workbench.call_popup.received_at is 'When this version was received; the vendor sends no time.';
comment on column workbench.call_popup.connection_id is 'The connection through which this version came.';
comment on column workbench.call_popup.message_no is 'Number of the event within its connection.';
comment on column workbench.call_popup.revision is 'Number of this version: 1 for the first version seen.';
comment on column workbench.call_popup.first_seen_at is 'When ccsync first wrote this row.';
comment on column workbench.call_popup.changed_at is 'When ccsync wrote this version.';
comment on column workbench.call_popup.deleted_at is 'Always null: nothing vanishes from a feed.';
comment on column workbench.call_popup.extra is 'Every field that the vendor sent and that has no column.';
comment on column workbench.call_popup.content_hash is 'MD5 of the content; equal for equal content.';
comment on column workbench.call_popup.run_id is 'The run (sync.run) that wrote this version.';

create table workbench.call_popup_history (
    like workbench.call_popup including comments,
    valid_from timestamptz not null,
    valid_to timestamptz not null,
    primary key (source, session_id, revision)
);
comment on table workbench.call_popup_history is 'Earlier versions of workbench.call_popup: one row for each version that was replaced.';
comment on column workbench.call_popup_history.valid_from is 'From when this version was the current one (its changed_at).';
comment on column workbench.call_popup_history.valid_to is 'Until when this version was the current one.';

create table workbench.feed_gap (
    source text not null,
    extno text not null,
    since timestamptz not null,
    until timestamptz,
    duration interval generated always as (until - since) stored,
    reason text not null,
    lost_messages bigint,
    first_seen_at timestamptz not null,
    changed_at timestamptz not null,
    run_id bigint not null,
    primary key (source, extno, since),
    check (since < until)
);
create index feed_gap_until on workbench.feed_gap (source, until);
comment on table workbench.feed_gap is 'Spans of time in which an agent''s feed was not heard, or what was heard was lost: a feed cannot be read again.';
comment on column workbench.feed_gap.source is 'The operator''s name for the vendor account.';
comment on column workbench.feed_gap.extno is 'The agent (坐席工号).';
comment on column workbench.feed_gap.since is 'When the feed was last known to be heard.';
comment on column workbench.feed_gap.until is 'When it was heard again; null while it lasts.';
comment on column workbench.feed_gap.duration is 'until less since; null while it lasts.';
comment on column workbench.feed_gap.reason is 'closed (the vendor closed the connection), broken (it broke), silent (no sign of life), shutdown (ccsync was stopped), takeover (another process follows the agent now, or a process ended without a word), spool_full (the database was away for longer than the spool had room).';
comment on column workbench.feed_gap.lost_messages is 'Messages that were received and lost; null where only the vendor could tell.';
comment on column workbench.feed_gap.first_seen_at is 'When ccsync first wrote this row.';
comment on column workbench.feed_gap.changed_at is 'When ccsync last wrote this row.';
comment on column workbench.feed_gap.run_id is 'The run (sync.run) that last wrote this row.';

create table sync.feed_session (
    source text not null,
    extno text not null,
    configured boolean not null default true,
    connection_id uuid,
    opened_at timestamptz,
    fence bigint not null default 0,
    turn bigint not null default 0,
    message_no bigint not null default 0,
    seen_to timestamptz,
    last_message_at timestamptz,
    stay_since timestamptz,
    stay_status integer,
    stay_told boolean not null default false,
    confirmed_at timestamptz,
    gap_since timestamptz,
    gap_reason text,
    primary key (source, extno)
) with (fillfactor = 50);
comment on table sync.feed_session is 'How far each agent''s feed is stored: the cursor that keeps an event from being stored twice.';
comment on column sync.feed_session.source is 'The operator''s name for the vendor account.';
comment on column sync.feed_session.extno is 'The agent (坐席工号).';
comment on column sync.feed_session.configured is 'Whether the agent is in the configuration of the daemon that started last.';
comment on column sync.feed_session.connection_id is 'The connection whose events were stored last; null before the first.';
comment on column sync.feed_session.opened_at is 'When that connection was opened.';
comment on column sync.feed_session.fence is 'Fencing number of the lease under which it was opened; events of an older one are past.';
comment on column sync.feed_session.turn is 'Number of the connection under that lease.';
comment on column sync.feed_session.message_no is 'Number of the last stored event of that connection.';
comment on column sync.feed_session.seen_to is 'Up to here the feed was heard and is stored.';
comment on column sync.feed_session.last_message_at is 'When the last message was received.';
comment on column sync.feed_session.stay_since is 'Beginning of the open stay in workbench.agent_status; null during a gap.';
comment on column sync.feed_session.stay_status is 'Its status.';
comment on column sync.feed_session.stay_told is 'Whether a notice has told the state of the open stay.';
comment on column sync.feed_session.confirmed_at is 'When the last notice of the open stay was received.';
comment on column sync.feed_session.gap_since is 'Beginning of the open gap in workbench.feed_gap; null while connected.';
comment on column sync.feed_session.gap_reason is 'Its reason.';

comment on column sync.run.trigger is 'Why it was started: schedule, sync, backfill, retry or feed (one run for as long as a daemon follows a feed).';
comment on column sync.stream.kind is 'windowed (read by time windows), snapshot (read whole each time) or feed (followed live).';
comment on column sync.lease.name is 'A window or snapshot of a stream, an agent of a feed, or token/<account> for a token''s renewal.';

do $$
begin
    if exists (select from pg_catalog.pg_roles where rolname = 'bi_reader') then
        grant usage on schema workbench to bi_reader;
        grant select on all tables in schema workbench to bi_reader;
    end if;
end
$$;
