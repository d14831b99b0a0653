# The executable alone, on a small system, under a user who owns nothing.
#
#   docker build --tag steward .
#
# One image, many roles: the command says which, as `api`, `worker` or `migrate`.

FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY . .
RUN cargo build --release --locked --bin steward

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/steward --create-home steward \
    && install -d -o steward /var/lib/steward/data
COPY --from=build /source/target/release/steward /usr/local/bin/steward
COPY --chmod=0755 docs/image/answers /usr/local/bin/answers
USER 10001
WORKDIR /var/lib/steward
# Letters that are written to files, and the embedded database where there is no other.
ENV STEWARD_DATA_DIR=/var/lib/steward/data \
    STEWARD_API_LISTEN=0.0.0.0:8080 \
    STEWARD_WORKER_LISTEN=0.0.0.0:9100 \
    STEWARD_LOG_FORMAT=json
EXPOSE 8080 9100
# Whichever of the two it serves.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD answers 8080 /health/ready || answers 9100 /health/ready
# A worker has 25 seconds to finish what it has in hand.
STOPSIGNAL SIGTERM
ENTRYPOINT ["steward"]
CMD ["api"]
