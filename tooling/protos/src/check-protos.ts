import { buf } from "./buf.ts";

// Copies of other projects' files keep the format that those have: see protos/README.md.
const vendored = ["--exclude-path", "google", "--exclude-path", "grpc"];

/**
 * Checks a folder of protos: grammar, style, format, and that no client of the release behind
 * `released.binpb` would break. Returns the complaints; an empty text if there are none.
 */
export function checkProtos(folder: string): string {
  const checks = [
    buf(folder, "lint"),
    buf(folder, "format", "--diff", "--exit-code", ...vendored),
    buf(folder, "breaking", "--against", "released.binpb"),
  ];
  return checks
    .filter(({ isOk }) => !isOk)
    .map(({ output }) => output)
    .join("\n");
}
