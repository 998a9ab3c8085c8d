/** `node src/protos.ts` checks the protos; `--release` takes them as what clients rely on from now on. */
import { buf, root } from "./buf.ts";
import { checkProtos } from "./check-protos.ts";

const folder = `${root}/protos`;
if (process.argv.includes("--release")) {
  const { output } = buf(
    folder,
    "build",
    "--exclude-path",
    "fixtures",
    "--exclude-source-info",
    "-o",
    "released.binpb",
  );
  process.stderr.write(output);
} else {
  const complaints = checkProtos(folder);
  process.stderr.write(complaints);
  process.exitCode = complaints === "" ? 0 : 1;
}
