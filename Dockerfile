FROM node:24.19.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# The optional packages are Node itself, which the base image has.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-fund --no-audit

# The dashboard: what it is built with stays behind.
FROM node:24.19.0-bookworm-slim AS web
WORKDIR /app
COPY package.json package-lock.json tsconfig.json ./
# With the optional packages: the bundler's own binaries are among them.
RUN npm ci --ignore-scripts --no-fund --no-audit
COPY scripts/build-web.ts scripts/
COPY web web
RUN node scripts/build-web.ts

FROM node:24.19.0-bookworm-slim
# npm is not needed to run: without it there is less to keep patched.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /opt/yarn-* \
  && install -d -o node -g node -m 700 /data /keys /mosquitto
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE ./
COPY src src
COPY --from=web /app/web/dist web/dist
# All that is written goes to /data, /keys and /tmp (and /mosquitto by `mosquitto-files`): the root file system may be
# read-only.
ENV NODE_ENV=production \
  FLEETWAVE_DATA_DIR=/data \
  FLEETWAVE_HTTP_HOST=0.0.0.0 \
  FLEETWAVE_MQTT_HOST=0.0.0.0
# By number, so that Kubernetes can tell that it is not root.
USER 1000:1000
EXPOSE 7400 7401
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.FLEETWAVE_HTTP_PORT ?? 7400}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# TypeScript as it is: Node strips the types.
ENTRYPOINT ["node", "src/cli.ts"]
CMD ["start"]
