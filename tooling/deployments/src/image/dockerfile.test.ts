import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readSettings } from "@grpc-kit/item-service/settings";
import { describe, expect, it } from "vitest";
import { dockerfilePath, readDockerfile, workspace } from "./dockerfile.ts";

const instructions = readDockerfile();
const runtime = instructions.slice(instructions.findLastIndex(({ name }) => name === "FROM"));
const textsOf = (name: string, from = instructions): string[] =>
  from.filter((instruction) => instruction.name === name).map(({ text }) => text);
const only = (name: string): string => {
  const texts = textsOf(name, runtime);
  expect(texts).toHaveLength(1);
  return texts[0] ?? "";
};
const read = (path: string): string => readFileSync(join(workspace, path), "utf8");
const nodeVersion = read(".node-version").trim();

describe("the Dockerfile", () => {
  it("takes every base image by an argument without default", () => {
    const images = textsOf("FROM").map((text) => /^\$\{(\w+)\}( AS \w+)?$/.exec(text)?.[1]);
    expect(images).toEqual(["BUILD_IMAGE", "RUNTIME_IMAGE"]);
    const before = instructions.slice(
      0,
      instructions.findIndex(({ name }) => name === "FROM"),
    );
    expect(textsOf("ARG", before)).toEqual(["BUILD_IMAGE", "RUNTIME_IMAGE"]);
    expect(textsOf("ADD")).toEqual([]);
  });

  it("copies from other stages alone, or what is there and not ignored", () => {
    const kept = [...read(".dockerignore").matchAll(/^!(.*)$/gm)];
    const names = new Set(kept.map(([, path]) => path));
    const copies = textsOf("COPY").filter((text) => !text.startsWith("--from="));
    expect(copies).toHaveLength(2);
    for (const path of copies.flatMap((text) => text.split(" ").slice(0, -1))) {
      expect(existsSync(join(workspace, path)), path).toBe(true);
      expect(path === "." || names.has(path), path).toBe(true);
    }
    const stages = textsOf("FROM").map((text) => text.split(" AS ")[1]);
    const sources = textsOf("COPY").map((text) => /^--from=(\S+)/.exec(text)?.[1]);
    expect(sources.filter((source) => source !== undefined && !stages.includes(source))).toEqual(
      [],
    );
  });

  it("ends the build with another Node.js than that of .node-version, and names this one", () => {
    expect(textsOf("RUN")[0]).toMatch(
      /^test "v\$\(cat \.node-version\)" = "\$\(node --version\)" /,
    );
    const named = readFileSync(dockerfilePath, "utf8").matchAll(/node:(\d+\.\d+\.\d+)/g);
    expect([...named].map(([, version]) => version)).toEqual([nodeVersion]);
  });

  it("runs as a user with a number, and as process 1 without a shell", () => {
    expect(only("USER")).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(JSON.parse(only("ENTRYPOINT"))).toEqual(["/usr/local/bin/node", "/app/dist/main.js"]);
    for (const name of ["CMD", "HEALTHCHECK", "SHELL", "STOPSIGNAL", "RUN"]) {
      expect(textsOf(name, runtime), name).toEqual([]);
    }
    for (const app of ["item-service", "stock-watcher"]) {
      expect(existsSync(join(workspace, "apps", app, "src/main.ts")), app).toBe(true);
    }
  });

  it("sets what the service reads, and exposes the ports that it has by default", () => {
    const pairs = textsOf("ENV", runtime).flatMap((text) => text.split(" "));
    const env = Object.fromEntries(pairs.map((pair) => pair.split("=")));
    const auth = { AUTH_ISSUER: "urn:issuer", AUTH_AUDIENCE: "items", AUTH_JWKS_FILE: "keys" };
    const settings = readSettings({ ...env, ...auth, GRPC_SERVER_INSECURE: "true" });
    expect(settings.environment).toBe("production");
    expect(settings.dataFolder).toBe(only("VOLUME"));
    const { port = 50_051 } = settings.server;
    expect(only("EXPOSE")).toBe(`${port} ${settings.adminPort}`);
  });

  it("declares every argument that the build script gives it", () => {
    const given = read("deployments/docker/build.sh").matchAll(/--build-arg "(\w+)=/g);
    const names = [...given].map(([, name]) => name);
    expect(names).toContain("APP");
    const declared = textsOf("ARG").map((text) => text.split("=")[0]);
    expect(names.filter((name) => !declared.includes(name))).toEqual([]);
    expect(declared.filter((name) => !names.includes(name))).toEqual([]);
  });
});
