import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The root of the workspace, which images are built of. */
export const workspace: string = fileURLToPath(new URL("../../../..", import.meta.url));

export const dockerfilePath: string = `${workspace}deployments/docker/Dockerfile`;

export interface Instruction {
  /** As in "COPY". */
  readonly name: string;
  /** All the rest, in one line. */
  readonly text: string;
}

/** The instructions of a Dockerfile, without its comments: https://docs.docker.com/reference/dockerfile/ */
export function readDockerfile(path: string = dockerfilePath): readonly Instruction[] {
  return readFileSync(path, "utf8")
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, name = "", text = ""] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
      return { name, text };
    });
}
