import type { Row } from "../../row.ts";
import { generatedCode } from "./generated-code.ts";
import { testRow } from "./test-row.ts";

const supplyChain = "tooling/publish/src/supply-chain.test.ts";
const packages = "tooling/publish/test/packages.test.ts";

export const rowsH: readonly Row[] = [
  testRow(
    "H1",
    "a dependency that has been tampered with",
    "each entry of the lockfile has a SHA-512 digest, and comes from the registry",
    supplyChain,
  ),
  testRow(
    "H2",
    "install scripts",
    "none runs but PostgreSQL's, which is listed, and ours have none",
    supplyChain,
  ),
  testRow(
    "H3",
    "a malicious release that is an hour old",
    "a release is a day old before it is taken, and has lost no provenance",
    supplyChain,
  ),
  testRow(
    "H4",
    "a package that somebody else has published",
    "each comes with its provenance, and from the release workflow alone; cannot be verified without a release",
    supplyChain,
  ),
  testRow(
    "H5",
    "tests, secrets or .env in a tarball",
    "dist, sources, docs, README and LICENSE alone, at most 300 KB",
    packages,
  ),
  testRow(
    "H6",
    "a package that works in its workspace only",
    "installed by npm in an empty folder it imports, requires, type-checks and brings no optional peer",
    packages,
  ),
  generatedCode,
  testRow(
    "H8",
    "a proto that breaks those who call",
    "the check fails on a planted break",
    "tooling/protos/src/check-protos.test.ts",
  ),
  testRow(
    "H9",
    "versions that can be attacked",
    "grpc-js ≥ 1.14.4, ts-proto ≥ 2.12.1, @opentelemetry/core ≥ 2.8.0, Node.js ≥ 22.22.2 or ≥ 24.14.1",
    supplyChain,
    "packages/grpc-server/src/check-node.test.ts",
  ),
  testRow(
    "H10",
    "a secret in the repository",
    "none, and a planted one is found and not shown",
    "tooling/publish/src/find-secrets.test.ts",
  ),
  testRow(
    "H11",
    "a pod with more rights than it needs",
    "non-root, read-only, no privileges, probes, a grace that outlasts the drain, budget and network policy",
    "tooling/deployments/src/helm/hardening.test.ts",
  ),
];
