import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { report, serveProcess } from "./processes.ts";

const python = process.env.PYTHON ?? "python3";
const hasGrpc = spawnSync(python, ["-c", "import grpc"]).status === 0;
if (!hasGrpc) {
  report("B16", { skipped: `${python} has no module grpc (pip install grpcio)` });
}

it.skipIf(!hasGrpc)("B16: answers gRPC's C core as it answers grpc-js", async () => {
  const { port, isAlive } = await serveProcess();
  const client = fileURLToPath(new URL("./c-core-client.py", import.meta.url));
  const { stdout } = await promisify(execFile)(python, [client, `127.0.0.1:${port}`]);
  const { codes, ...rest } = JSON.parse(stdout);
  report("B16", rest);
  expect(codes.map(([code]: [number]) => code)).toEqual([...Array(17).keys()]);
  expect(codes[5]).toEqual([5, "code 5"]);
  expect(rest).toEqual({
    binary: true,
    unary: true,
    compressed: true,
    deflated: true,
    "server stream": 3,
    // Envelope { index: 2000 }
    "client stream": "08d00f",
    bidi: true,
  });
  await isAlive();
});
