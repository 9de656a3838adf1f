# syntax=docker/dockerfile:1
# The build needs a C compiler for SQLite, which the Rust image has; the result needs only the C library.

FROM node:22-bookworm-slim AS console
WORKDIR /build/web
COPY web/package.json web/package-lock.json ./
RUN --mount=type=cache,target=/npm npm ci --cache /npm --no-audit --no-fund --ignore-scripts
COPY api/schema.graphql /build/api/schema.graphql
COPY web ./
RUN npm run build

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
COPY . .
COPY --from=console /build/web/dist web/dist
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked -p cli && cp target/release/muster /muster && \
    cargo build --profile quick --locked -p typeset && cp target/quick/typeset /typeset && \
    mkdir /licences && cp typeset/fonts/*-LICENSE.txt /licences && \
    cp /usr/local/cargo/registry/src/*/typst-assets-*/NOTICE /licences/typst-assets-NOTICE.txt

FROM debian:bookworm-slim
# For ops docs in a Git repository.
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates git openssh-client && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /data muster && install -d -o muster -g muster -m 0700 /data
COPY --from=build /muster /typeset /usr/local/bin/
COPY --from=build /licences /usr/share/doc/muster
USER 10001
WORKDIR /data
ENV MUSTER_LISTEN=0.0.0.0:8080 MUSTER_DATA_DIR=/data MUSTER_LOG__FORMAT=json
VOLUME /data
EXPOSE 8080
# The image has no curl, but bash can speak enough HTTP. Workers have no port: disable the check for them.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && IFS= read -r status <&3 && [[ $status == *' 200 '* ]]"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["muster"]
CMD ["serve"]
