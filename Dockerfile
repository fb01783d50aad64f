# Leastwise without the sandbox: one binary with everything in it, run by nobody in particular.
#
#   docker build -t leastwise .
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges \
#     -v leastwise-data:/var/lib/leastwise -v leastwise-keys:/var/lib/leastwise-keys \
#     --env-file leastwise.env -p 3000:3000 leastwise
#
# TLS ends in front of it (LEASTWISE_PUBLIC_URL is https). Orchestrators ask /healthz and /readyz.

FROM rust:1.95.0-bookworm AS build
WORKDIR /src
# Alone, so that the target is installed once and not after every edit.
COPY rust-toolchain.toml ./
RUN rustup target add wasm32-unknown-unknown
COPY . .
RUN cargo fetch --locked
# The browser's files, within their size budget; the server's build script embeds them.
RUN cargo xtask build
# Without the feature `sandbox`: no local AWS, no local Cognito, no failpoints in what runs for real.
RUN cargo build --locked --release --package leastwise-server --no-default-features --features jemalloc
# Data and keys are two volumes: who may write the one need not be able to sign for it.
RUN install -d -m 0700 -o 10001 -g 10001 /out/leastwise /out/leastwise-keys

FROM debian:bookworm-slim
# For TLS to AWS and Cognito.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/target/release/leastwise /usr/local/bin/leastwise
COPY --from=build --chown=10001:10001 /out/leastwise /var/lib/leastwise
COPY --from=build --chown=10001:10001 /out/leastwise-keys /var/lib/leastwise-keys
COPY LICENSE /usr/share/doc/leastwise/LICENSE
COPY server/data/README.md /usr/share/doc/leastwise/aws-managed-policies.md
ENV LEASTWISE_LISTEN=0.0.0.0:3000 \
    LEASTWISE_DATABASE_URL=sqlite:/var/lib/leastwise/leastwise.db \
    LEASTWISE_KEYS=/var/lib/leastwise-keys
VOLUME ["/var/lib/leastwise", "/var/lib/leastwise-keys"]
EXPOSE 3000
# A number, so that orchestrators can see that it is not root.
USER 10001:10001
ENTRYPOINT ["leastwise"]
CMD ["serve"]
