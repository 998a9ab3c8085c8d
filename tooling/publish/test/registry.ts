import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { run } from "./run.ts";

// verdaccio's types are those of its own configuration files, which say less than they need.
const { runServer } = createRequire(import.meta.url)("verdaccio") as {
  runServer(config: object): Promise<Server>;
};

export interface Registry {
  readonly url: string;
  /** Runs npm with this registry. */
  npm(cwd: string, ...args: string[]): Promise<string>;
  stop(): void;
}

/** A registry of its own in a folder: it takes our packages from us, and all others from where npm has them. */
export async function startRegistry(folder: string): Promise<Registry> {
  const upstream = (await run(folder, "npm", ["config", "get", "registry"])).trim();
  const server = await runServer({
    storage: join(folder, "storage"),
    configPath: join(folder, "config.yaml"),
    self_path: folder,
    auth: { htpasswd: { file: join(folder, "htpasswd") } },
    uplinks: { upstream: { url: upstream, timeout: "60s", maxage: "60m" } },
    packages: {
      "@grpc-kit/*": { access: "$all", publish: "$all" },
      "**": { access: "$all", proxy: "upstream" },
    },
    log: { type: "stdout", format: "pretty", level: "error" },
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const npmrc = join(folder, "npmrc");
  // npm publishes for somebody only; this registry asks nobody who that is.
  writeFileSync(
    npmrc,
    `registry=http://${host}/\n//${host}/:_authToken=anybody\naudit=false\nfund=false\nupdate-notifier=false\n`,
  );
  return {
    url: `http://${host}/`,
    npm: (cwd, ...args) => run(cwd, "npm", [...args, "--userconfig", npmrc]),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
