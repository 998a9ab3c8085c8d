import { basename, resolve } from "node:path/posix";
import { describe, expect, it } from "vitest";
import { readDockerfile } from "../image/dockerfile.ts";
import { ofKind, onlyOf, podsOf, workloadOf } from "../manifests/kinds.ts";
import { helmTemplate } from "../manifests/run-helm.ts";
import { chartVariants, hasHelm, leastValues } from "./chart-variants.ts";
import { selects } from "./selection.ts";

describe.skipIf(!hasHelm()).each(chartVariants())(
  "probes with ci/$name-values.yaml",
  ({ options, values }) => {
    it("ask the port that is listened on for the service that is meant", async () => {
      const { container } = workloadOf(await helmTemplate(options));
      const { startupProbe, readinessProbe, livenessProbe } = container;
      const { grpc, admin } = values.ports;
      const probes = { startup: startupProbe, readiness: readinessProbe, liveness: livenessProbe };
      for (const [service, probe] of Object.entries(probes)) {
        expect(probe?.timeoutSeconds).toBeGreaterThanOrEqual(2);
        if (probe?.grpc !== undefined) {
          expect(probe.grpc).toEqual({ port: grpc, service });
        } else if (probe?.httpGet !== undefined) {
          const path = service === "liveness" ? "/healthz" : "/readyz";
          expect(probe.httpGet).toMatchObject({ port: admin, path });
        } else {
          const address = expect.stringMatching(
            new RegExp(`^(127\\.0\\.0\\.1|\\[::1\\]):${grpc}$`),
          );
          expect(probe?.exec?.command).toEqual(expect.arrayContaining(["probe", address, service]));
        }
      }
    });

    it("give up before the kubelet does, which would leave the process behind", async () => {
      const { container } = workloadOf(await helmTemplate(options));
      const { startupProbe, readinessProbe, livenessProbe } = container;
      for (const probe of [startupProbe, readinessProbe, livenessProbe]) {
        if (probe?.exec !== undefined) {
          const timeout = probe.exec.command?.find((part) => part.startsWith("--timeout-ms="));
          expect(Number(timeout?.split("=")[1])).toBeLessThan(1_000 * (probe.timeoutSeconds ?? 0));
        }
      }
    });

    it("and the pods fit the image", async () => {
      const manifests = await helmTemplate(options);
      const image = readImage();
      const { container } = workloadOf(manifests);
      const { startupProbe, readinessProbe, livenessProbe } = container;
      const commands = [startupProbe, readinessProbe, livenessProbe].map((it) => it?.exec?.command);
      for (const [node = "", main = ""] of commands.filter((command) => command !== undefined)) {
        expect(basename(image.program)).toBe(node);
        expect(image.main).toBe(resolve(image.folder, main));
      }
      for (const { spec } of podsOf(manifests)) {
        expect(spec.securityContext).toMatchObject({
          runAsUser: image.user,
          runAsGroup: image.group,
        });
        // The image's own command is serve's.
        expect(spec.containers.map(({ command }) => command?.[0] ?? "node")).toEqual(["node"]);
      }
    });
  },
);

describe.skipIf(!hasHelm())("probes by http", () => {
  it("and helm test need no ca.crt, which a certificate of a public authority comes without", async () => {
    const transport = { mode: "tls", tls: { existingSecret: "tls", probe: "http" } };
    const manifests = await helmTemplate({ set: { ...leastValues, transport } });
    expect(JSON.stringify(manifests)).not.toContain("ca.crt");
    const [test] = ofKind(manifests, "Pod");
    expect(test?.spec?.containers[0]?.command?.join(" ")).toContain("-headless:9464/readyz");
    const { ingress = [] } = onlyOf(manifests, "NetworkPolicy").spec ?? {};
    const asked = ingress.filter(({ from = [] }) =>
      from.some((it) => selects(it.podSelector?.matchLabels, test?.metadata.labels)),
    );
    expect(asked.flatMap(({ ports = [] }) => ports.map(({ port }) => port))).toEqual([9464]);
  });
});

/** What the last stage of the Dockerfile says. */
function readImage(): {
  readonly program: string;
  readonly main: string;
  readonly folder: string;
  readonly user: number;
  readonly group: number;
} {
  const instructions = readDockerfile();
  const read = (wanted: string): string =>
    instructions.findLast(({ name }) => name === wanted)?.text ?? "";
  const [program = "", main = ""]: readonly string[] = JSON.parse(read("ENTRYPOINT"));
  const [user = 0, group = 0] = read("USER").split(":").map(Number);
  const folder = read("WORKDIR");
  return { program, main: resolve(folder, main), folder, user, group };
}
