import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { onTestFinished } from "vitest";

/** A proxy that can lose the answer to a COMMIT. */
export interface CommitCutter {
  readonly url: string;
  /** Passes on the next COMMIT, and closes its connection before anything comes back. */
  cutNext(): void;
}

/** Starts a proxy in front of the server at `url`. It closes with the test. */
export async function startCommitCutter(url: string): Promise<CommitCutter> {
  const { hostname, port } = new URL(url);
  let isArmed = false;
  const proxy = createServer((client) => {
    const server = connect(Number(port), hostname);
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    client.on("error", end).on("close", end);
    server.on("error", end).on("close", end);
    let isCut = false;
    client.on("data", (chunk) => {
      if (isArmed && chunk.includes("COMMIT\0")) {
        [isArmed, isCut] = [false, true];
      }
      server.write(chunk);
    });
    server.on("data", (chunk) => (isCut ? end() : client.write(chunk)));
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void proxy.close());
  const through = new URL(url);
  through.port = String((proxy.address() as AddressInfo).port);
  return {
    url: through.href,
    cutNext() {
      isArmed = true;
    },
  };
}
