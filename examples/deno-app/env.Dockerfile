FROM denoland/deno:2.9.6 AS base
WORKDIR /app

# Runs again when one of the four files changes, not with each change in src/.
FROM base AS dependencies
COPY env.npmrc /root/.npmrc
COPY deno.json deno.lock .npmrc ./
RUN --mount=type=cache,id=acme-app,target=/deno-dir \
    --mount=type=secret,id=npm_token,env=NPM_TOKEN,required=true \
    deno install --frozen

FROM base
COPY --from=dependencies /app/ ./
COPY src/ src/
USER deno
CMD ["run", "--frozen", "--cached-only", "src/main.ts"]
