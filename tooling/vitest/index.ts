import { defineConfig, type ViteUserConfig } from "vitest/config";

/** Resolves workspace packages to their TypeScript sources, so tests need no build. */
const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ["@grpc-kit/source"] },
  ssr: { resolve: { conditions: ["@grpc-kit/source"], externalConditions: ["@grpc-kit/source"] } },
  test: {
    include: ["{src,test}/**/*.test.ts"],
    restoreMocks: true,
    unstubEnvs: true,
    // A busy machine is slow; only what never comes should fail.
    testTimeout: 20_000,
    expect: { poll: { timeout: 5_000 } },
  },
});

export default config;
