/** Checks the protos: grammar and style, format, and that no release's client would break. */
import { buf, vendored } from "./buf.ts";

const ours = vendored.flatMap((folder) => ["--exclude-path", folder]);

buf("lint");
buf("format", "--diff", "--exit-code", ...ours);
// The contract as it was last released: `pnpm --filter @grpc-kit/protos-tooling release` renews it.
buf("breaking", "--against", "released.binpb", "--limit-to-input-files");
