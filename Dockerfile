# Leastwise without the sandbox: a single binary with embedded assets, run by an unprivileged user.
#
#   docker build -t leastwise .
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges \
#     -v leastwise-data:/var/lib/leastwise -v leastwise-keys:/var/lib/leastwise-keys \
#     --env-file leastwise.env -p 3000:3000 leastwise
#
# Terminate TLS in front of it (LEASTWISE_PUBLIC_URL is https). Orchestrators poll /healthz and /readyz.

FROM rust:1.95.0-bookworm AS build
WORKDIR /src
# Copied separately, so that the target is installed once and not after every edit.
COPY rust-toolchain.toml ./
RUN rustup target add wasm32-unknown-unknown
COPY . .
RUN cargo fetch --locked
# The browser files, limited in size; the server's build script embeds them.
RUN cargo xtask build
# Without the feature `sandbox`: no local AWS, no local Cognito and no failpoints in production.
RUN cargo build --locked --release --package leastwise-server --no-default-features --features jemalloc
# Data and keys are separate volumes, so that write access to the data does not include the signing key.
RUN install -d -m 0700 -o 10001 -g 10001 /out/leastwise /out/leastwise-keys

FROM debian:bookworm-slim
# CA certificates for TLS connections to AWS and Cognito.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/target/release/leastwise /usr/local/bin/leastwise
COPY --from=build --chown=10001:10001 /out/leastwise /var/lib/leastwise
COPY --from=build --chown=10001:10001 /out/leastwise-keys /var/lib/leastwise-keys
COPY LICENSE /usr/share/doc/leastwise/LICENSE
COPY catalogue/data/README.md /usr/share/doc/leastwise/data-about-aws.md
ENV LEASTWISE_LISTEN=0.0.0.0:3000 \
    LEASTWISE_DATABASE_URL=sqlite:/var/lib/leastwise/leastwise.db \
    LEASTWISE_KEYS=/var/lib/leastwise-keys
VOLUME ["/var/lib/leastwise", "/var/lib/leastwise-keys"]
EXPOSE 3000
# Numeric, so that orchestrators can verify that the user is not root.
USER 10001:10001
ENTRYPOINT ["leastwise"]
CMD ["serve"]
