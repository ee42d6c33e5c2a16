# syntax=docker/dockerfile:1

# --- Build -----------------------------------------------------------------------------------------
FROM rust:1.95-bookworm AS build
WORKDIR /src

# What the program is made of, and nothing else: a changed README builds nothing anew. The tests are
# left out; cargo asks for a target's files only when it builds that target.
COPY Cargo.toml Cargo.lock build.rs ./
COPY .cargo .cargo
COPY config config
COPY crates crates
COPY migrations migrations
COPY src src

# What `ccsync --version` calls the commit: the build has no Git. docker build --build-arg CCSYNC_COMMIT="$(git rev-parse --short=12 HEAD)" .
ARG CCSYNC_COMMIT
ENV CCSYNC_COMMIT=$CCSYNC_COMMIT

# The caches keep downloads and compiled dependencies between builds. They are no part of the image,
# so the program is taken out of them in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin ccsync \
    && cp target/release/ccsync /usr/local/bin/ccsync \
    && strip --strip-debug /usr/local/bin/ccsync

# --- Run -------------------------------------------------------------------------------------------
FROM debian:bookworm-slim AS run

# Vendors' certificates, and time zones for whoever works in the container (ccsync brings its own).
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 ccsync \
    && useradd --uid 10001 --gid ccsync --no-create-home --home-dir /var/lib/ccsync \
        --shell /usr/sbin/nologin ccsync \
    && install -d -o ccsync -g ccsync -m 0700 /var/lib/ccsync

COPY --from=build /usr/local/bin/ccsync /usr/local/bin/ccsync

# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/ccsync

# Beyond loopback, or no port could be published. The server reads only, but has no login.
ENV CCSYNC__OPS__LISTEN=0.0.0.0:8080
ENV CCSYNC__DATABASE__DATA_DIR=/var/lib/ccsync/data
EXPOSE 8080

# data_dir, for whoever runs without database.url. With an address nothing is written here.
VOLUME /var/lib/ccsync

# bash speaks TCP by itself, which spares the image curl. The port is that of CCSYNC__OPS__LISTEN.
# This says that the process answers; whether it can work says /readyz, which also asks the database.
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s --retries=4 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${CCSYNC__OPS__LISTEN##*:} && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '\"status\":\"ok\"' <&3"]

# SIGTERM ends it in order: what is under way gets engine.shutdown_grace (8 s) to commit or roll back.
STOPSIGNAL SIGTERM
ENTRYPOINT ["ccsync"]
CMD ["run"]
