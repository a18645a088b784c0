# Three images: `gateway` (default) runs a workspace, `shop` runs the example's services.
ARG NODE=24.21.0-bookworm-slim

FROM node:${NODE} AS source
WORKDIR /portico
COPY package.json package-lock.json ./
# The npm package `node` is for machines without Node 24; this image has it.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json \
 && cp -R src/services/grpc/protos/bundled dist/services/grpc/protos/

FROM source AS shop
COPY protos ./protos
COPY examples ./examples
ENV NODE_ENV=production HOST=0.0.0.0
USER node
CMD ["node", "examples/shop/users/main.ts"]

FROM node:${NODE} AS dependencies
WORKDIR /portico
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

FROM node:${NODE} AS gateway
WORKDIR /portico
ENV NODE_ENV=production
COPY --from=dependencies /portico/node_modules ./node_modules
COPY --from=source /portico/dist ./dist
COPY package.json ./
# The reference workspace; mount your own over /workspace.
COPY portico.yaml /workspace/portico.yaml
COPY schema /workspace/schema
COPY protos /workspace/protos
USER node
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=2s --start-period=5s CMD ["node", "-e", "fetch('http://127.0.0.1:9090/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/portico/dist/main.js"]
CMD ["start", "/workspace"]
