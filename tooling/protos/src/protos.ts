/** `node src/protos.ts` checks the protos; `--release` takes them as what clients rely on from now on. */
import { root, runBuf } from "./buf.ts";
import { checkProtos } from "./check-protos.ts";

const folder = `${root}/protos`;
if (process.argv.includes("--release")) {
  const published = ["--exclude-path", "fixtures", "--exclude-path", "grpc/testing"];
  runBuf(folder, "build", ...published, "--exclude-source-info", "-o", "released.binpb");
} else {
  const complaints = checkProtos(folder);
  process.stderr.write(complaints);
  process.exitCode = complaints === "" ? 0 : 1;
}
