-- One person across vendors.

create table sync.agent_link (
    vendor text not null check (vendor in ('sobot', 'moor', 'workbench')),
    source text not null,
    account_id text not null,
    person_id text not null,
    linked_at timestamptz not null,
    linked_by text not null,
    primary key (vendor, source, account_id)
);
create index agent_link_person on sync.agent_link (person_id);
comment on table sync.agent_link is 'Whose account it is, as a person said so (ccsync agents import): overrules the rules of bi.agent_account.';
comment on column sync.agent_link.vendor is 'sobot, moor or workbench.';
comment on column sync.agent_link.source is 'The operator''s name for the vendor account.';
comment on column sync.agent_link.account_id is 'The agent''s id there: Sobot''s agentid, 7moor''s agentNumber or the workbench''s extno.';
comment on column sync.agent_link.person_id is 'The person: the key of one of their accounts (vendor/source/id). The account''s own key: it is nobody else''s.';
comment on column sync.agent_link.linked_at is 'When it was said.';
comment on column sync.agent_link.linked_by is 'The operating system''s user who said it.';

-- A function and not a view, so that its joins are hashed and its size is no guess: planned into a dashboard's
-- query, a wrong guess would go through all agents once for each row. Definer's rights, because the
-- overrules and the feeds' ledger are not for analysts.
create function sync.agent_accounts() returns table (
    person_id text,
    account text,
    vendor text,
    source text,
    account_id text,
    name text,
    email text,
    state text,
    rule text,
    reason text,
    candidates text[],
    first_seen_at timestamptz
)
language sql stable parallel restricted security definer rows 1000
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set jit = off
set work_mem = '32MB'
as $query$
with recursive named as (
    select source, agent_number, agent_name, deleted_at is not null as gone, 0 as rank, changed_at, exten,
        first_seen_at
    from moor.queue_member
    union all
    select source, agent_number, agent_name, deleted_at is not null, 1, changed_at, exten, first_seen_at
    from moor.agent_claim_status
), known as (
    select 'sobot' as vendor, 1 as vendor_rank, source, agentid as account_id, agent_name as name,
        agent_email as email, first_seen_at
    from sobot.agent
    union all
    select 'moor', 2, source, agent_number,
        (array_agg(agent_name order by gone, agent_name is null, rank, changed_at desc, exten))[1],
        null, min(first_seen_at)
    from named
    group by source, agent_number
    union all
    select 'workbench', 3, source, extno, null, null, null
    from sync.feed_session
), account as materialized (
    -- pid: the person that was stated, else the account itself. Stated accounts of one person and the
    -- account that the person is called after belong together whatever the rules say.
    select k.*, k.vendor || '/' || k.source || '/' || k.account_id as key, k.vendor || '/' || k.source as scope,
        l.person_id as stated,
        coalesce(l.person_id, k.vendor || '/' || k.source || '/' || k.account_id) as pid
    from known k
    left join sync.agent_link l
        on l.vendor = k.vendor and l.source = k.source and l.account_id = k.account_id
), plain as (
    select key, scope, vendor, lower(btrim(account_id)) as number,
        lower(regexp_replace(normalize(name, nfkc), '\s', '', 'g')) as name,
        btrim(name) ~ '^hmac[0-9]+:' as name_is_token, btrim(name) as name_token,
        lower(btrim(email)) as email,
        btrim(email) ~ '^hmac[0-9]+:' as email_is_token, btrim(email) as email_token
    from account
), sign as (
    -- What an account can be known by, at the rule's two sides; 0 where the sides are alike.
    select key, scope, 'email' as rule, 0 as side,
        case when email_is_token then email_token when email like '%_@_%' and email not like '%*%' then email end
            as token
    from plain
    union all
    select key, scope, 'email_number', 1,
        case when not email_is_token and email like '%_@_%' and email not like '%*%' then split_part(email, '@', 1) end
    from plain
    union all
    select key, scope, 'email_number', 2, number from plain where vendor <> 'sobot'
    union all
    select key, scope, 'name', 0,
        case when name_is_token then name_token
            when name not like '%*%' and name ~ '[^0-9[:punct:]]' then name end
    from plain
    union all
    select key, scope, 'number', case vendor when 'moor' then 1 else 2 end, number
    from plain
    where vendor <> 'sobot'
), telling as materialized (
    -- What more than twenty of one vendor account bear (a desk's name, a shared mailbox) tells nobody apart.
    select * from (
        select s.*, count(*) over (partition by rule, side, scope, token) as bearers
        from sign s
        where token <> ''
    ) s
    where bearers <= 20
), candidate as materialized (
    select a.key, a.scope, b.key as other, b.scope as other_scope, a.rule,
        count(*) over (partition by a.key, b.scope, a.rule) = 1
            and count(*) over (partition by b.key, a.scope, a.rule) = 1 as only_one
    from telling a
    join telling b on b.rule = a.rule and b.token = a.token and b.scope <> a.scope and (a.side = 0 or b.side <> a.side)
), speaking as (
    -- How many rules say anything of an account in another scope.
    select key, other_scope, count(distinct rule) as rules
    from candidate
    where rule <> 'number'
    group by key, other_scope
), agreed as (
    select c.key, c.scope, c.other, c.other_scope, count(*) as rules, min(c.rule) filter (where c.only_one) as rule
    from candidate c
    where c.rule <> 'number'
    group by c.key, c.scope, c.other, c.other_scope
), link as materialized (
    -- One rule finds exactly one on both sides, and no other rule that finds anybody leaves this one out. No
    -- more rules can speak for the pair than for one of it; written as an equation, the planner would join
    -- the two by it.
    select g.key, g.other, g.rule
    from agreed g
    join speaking here on here.key = g.key and here.other_scope = g.other_scope and here.rules <= g.rules
    join speaking there on there.key = g.other and there.other_scope = g.scope and there.rules <= g.rules
    join account a on a.key = g.key and a.stated is null
    join account b on b.key = g.other and b.stated is null
    where g.rule is not null
        and not exists (select from account s where s.stated = g.key and s.scope = g.other_scope)
        and not exists (select from account s where s.stated = g.other and s.scope = g.scope)
), reach as (
    select distinct pid as start, pid as reached from account
    union
    select r.start, l.other from reach r join link l on l.key = r.reached
), clash as materialized (
    -- By way of a third account, two of one vendor account would be one person: none of these links holds.
    select distinct start from (
        select r.start
        from reach r
        join account a on a.pid = r.reached
        group by r.start, a.scope
        having count(distinct a.pid) > 1
    ) doubled
), person as materialized (
    select r.start as pid,
        (array_agg(a.pid order by a.stated is null, a.vendor_rank, a.first_seen_at, a.key))[1] as person_id
    from reach r
    join account a on a.pid = r.reached
    where r.reached = r.start or not exists (select from clash c where c.start = r.start)
    group by r.start
), holder as materialized (
    select a.*, p.person_id,
        count(*) over (partition by p.person_id) as accounts,
        count(a.stated) over (partition by p.person_id) as stated_accounts,
        exists (select from clash c where c.start = a.pid) as clashes
    from account a
    join person p on p.pid = a.pid
), open as (
    -- Who might be meant, where neither has anybody yet.
    select c.key, bool_or(c.rule <> 'number') as has_basis,
        array_agg(distinct c.other order by c.other) filter (where c.rule <> 'number') as by_rule,
        array_agg(distinct c.other order by c.other) as by_any
    from candidate c
    join holder a on a.key = c.key
    join holder b on b.key = c.other
    where a.stated is null and b.person_id <> a.person_id
        and not exists (select from holder o where o.person_id = a.person_id and o.scope = c.other_scope)
        and not exists (select from holder o where o.person_id = b.person_id and o.scope = c.scope)
    group by c.key
), linked as (
    select key, min(rule) as rule, array_agg(other order by other) as others from link group by key
), readable as (
    select distinct key from telling where rule in ('email', 'name')
)
select h.person_id, h.key, h.vendor, h.source, h.account_id, h.name, h.email,
    case
        when h.accounts > 1 then 'matched'
        when h.stated is not null then 'separate'
        when h.clashes or o.has_basis then 'ambiguous'
        else 'unmatched'
    end,
    case
        when h.stated is not null then 'overruled'
        when h.clashes then null
        when k.rule is not null then k.rule
        when h.stated_accounts > 0 then 'named'
    end,
    case
        when h.stated is not null then null
        when h.clashes then 'clash'
        when o.has_basis then 'ambiguous'
        when h.accounts > 1 then null
        when o.key is not null then 'number_only'
        when r.key is null then 'no_basis'
        else 'no_match'
    end,
    case when h.clashes then k.others when o.has_basis then o.by_rule when h.accounts = 1 then o.by_any end,
    h.first_seen_at
from holder h
left join open o on o.key = h.key
left join linked k on k.key = h.key
left join readable r on r.key = h.key
$query$;
comment on function sync.agent_accounts() is 'Every agent''s account at every vendor, and whose it is: the rules of bi.agent_account.';

create view bi.agent_account as
select person_id, vendor, source, account_id, name, email, state, rule, reason, candidates, account, first_seen_at
from sync.agent_accounts();
comment on view bi.agent_account is 'Every agent''s account at every vendor, one row each, and the person whose it is: what to join results, groups and states on. Two accounts of different vendor accounts are one person''s where one of these rules finds exactly one on both sides, and no other rule that finds anybody leaves that one out: email (equal e-mail addresses), email_number (what stands before the @ of the Sobot e-mail is the 7moor or workbench number), name (equal names after Unicode normalisation NFKC, without spaces, case apart). Masked and empty values and names without a letter are no basis, nor is what more than twenty agents of one vendor account bear; values replaced by keyed digests are one where the digests are equal. Equal numbers at 7moor and the workbench alone are only proposed. ccsync agents import overrules all this.';
comment on column bi.agent_account.person_id is 'The person, for as long as the accounts last: the key (vendor/source/id) of their oldest Sobot account, where there is none of their oldest 7moor account, then of the workbench; or the one that an overrule gives.';
comment on column bi.agent_account.vendor is 'sobot, moor (7moor) or workbench.';
comment on column bi.agent_account.source is 'The operator''s name for the vendor account.';
comment on column bi.agent_account.account_id is 'The agent''s id there: Sobot''s agentid, 7moor''s agentNumber or the workbench''s extno.';
comment on column bi.agent_account.name is 'Name there, as last known; the workbench tells none.';
comment on column bi.agent_account.email is 'E-mail address there, as last known; only Sobot tells it.';
comment on column bi.agent_account.state is 'matched (the person has other accounts too), separate (an overrule says that it is nobody else''s), ambiguous (several could be meant) or unmatched.';
comment on column bi.agent_account.rule is 'What it was matched by: email, email_number, name, overruled (a person said so), or named (others were given to it by an overrule). Null where it stands alone.';
comment on column bi.agent_account.reason is 'Why it has no match, or not one at every vendor: ambiguous (several could be meant, or the rules disagree), clash (by way of a third one, two accounts of one vendor account would be one person), number_only (only an equal number at another vendor), no_basis (nothing readable to match by), no_match (nobody alike). Null where nothing is open.';
comment on column bi.agent_account.candidates is 'The accounts that could be meant, by their keys.';
comment on column bi.agent_account.account is 'The account''s key: vendor/source/id.';
comment on column bi.agent_account.first_seen_at is 'When ccsync saw the account first; null for the workbench.';

create view bi.agent_identity as
with person as (
    select person_id,
        (array_agg(name order by name is null, vendor <> 'sobot', first_seen_at, account))[1] as name,
        (array_agg(email order by email is null, first_seen_at, account))[1] as email,
        (array_agg(source order by first_seen_at, account) filter (where vendor = 'sobot'))[1] as sobot_source,
        (array_agg(account_id order by first_seen_at, account) filter (where vendor = 'sobot'))[1] as agent_id,
        (array_agg(source order by first_seen_at, account) filter (where vendor = 'moor'))[1] as moor_source,
        (array_agg(account_id order by first_seen_at, account) filter (where vendor = 'moor'))[1] as agent_number,
        (array_agg(source order by account) filter (where vendor = 'workbench'))[1] as workbench_source,
        (array_agg(account_id order by account) filter (where vendor = 'workbench'))[1] as extno,
        string_agg(distinct rule, ', ' order by rule) as rule,
        case
            when count(*) > 1 then 'matched'
            when bool_or(state = 'separate') then 'separate'
            when bool_or(state = 'ambiguous') then 'ambiguous'
            else 'unmatched'
        end as state,
        count(*) as accounts
    from bi.agent_account
    group by person_id
)
select person_id, name, email, sobot_source, agent_id, moor_source, agent_number, workbench_source, extno, rule,
    state, accounts
from person;
comment on view bi.agent_identity is 'One row for each person across vendors, with their oldest account at each. Who has several accounts at one vendor has them all in bi.agent_account, which is the one to join on; the rules are told there.';
comment on column bi.agent_identity.person_id is 'The person, for as long as their accounts last: the key (vendor/source/id) of one of them.';
comment on column bi.agent_identity.name is 'Name, as last known at Sobot, else at 7moor.';
comment on column bi.agent_identity.email is 'E-mail address, as last known.';
comment on column bi.agent_identity.sobot_source is 'The Sobot account of the agent below; null where the person has none.';
comment on column bi.agent_identity.agent_id is 'Sobot''s id of the agent.';
comment on column bi.agent_identity.moor_source is 'The 7moor account of the number below; null where the person has none.';
comment on column bi.agent_identity.agent_number is 'The agent''s number at 7moor.';
comment on column bi.agent_identity.workbench_source is 'The workbench account of the number below; null where the person has none.';
comment on column bi.agent_identity.extno is 'The agent''s number at the workbench.';
comment on column bi.agent_identity.rule is 'What the accounts were matched by, see bi.agent_account.rule; null where there is only one.';
comment on column bi.agent_identity.state is 'matched (several accounts), separate (an overrule says that there is one only), ambiguous (several could be meant) or unmatched.';
comment on column bi.agent_identity.accounts is 'How many accounts the person has.';

create view bi.agent_unmatched as
select vendor, source, account_id, name, email, reason, candidates, person_id, state
from bi.agent_account
where reason is not null;
comment on view bi.agent_unmatched is 'Agents'' accounts for which a match is lacking, with the reason and who could be meant: nobody is guessed. ccsync agents import settles them.';
comment on column bi.agent_unmatched.vendor is 'sobot, moor (7moor) or workbench.';
comment on column bi.agent_unmatched.source is 'The operator''s name for the vendor account.';
comment on column bi.agent_unmatched.account_id is 'The agent''s id there.';
comment on column bi.agent_unmatched.name is 'Name there, as last known.';
comment on column bi.agent_unmatched.email is 'E-mail address there, as last known.';
comment on column bi.agent_unmatched.reason is 'ambiguous, clash, number_only, no_basis or no_match; see bi.agent_account.reason.';
comment on column bi.agent_unmatched.candidates is 'The accounts that could be meant, by their keys (vendor/source/id).';
comment on column bi.agent_unmatched.person_id is 'The person that the account counts for until it is settled.';
comment on column bi.agent_unmatched.state is 'unmatched or ambiguous; matched where the person has other accounts and only one more is open.';
