import { Metadata, type ServerInterceptor } from "@grpc/grpc-js";
import { identityKey } from "@grpc-kit/grpc-context";
import { serverInterceptor } from "../src/server/server-interceptor.ts";

/** Believes what `as` says, in place of authentication. */
export const believe: ServerInterceptor = serverInterceptor(({ metadata, values }) => {
  const subject = metadata.get("test-subject")[0]?.toString();
  if (subject !== undefined) {
    const list = (key: string) => metadata.get(key)[0]?.toString().split(" ") ?? [];
    const [scopes, roles] = [list("test-scopes"), list("test-roles")];
    values.set(identityKey, { subject, scopes, claims: { roles } });
  }
  return undefined;
});

/** Metadata of a caller of that name. */
export function as(
  subject: string,
  { scopes = [], roles = [] }: { scopes?: readonly string[]; roles?: readonly string[] } = {},
): Metadata {
  const metadata = new Metadata();
  metadata.set("test-subject", subject);
  for (const [key, values] of [
    ["test-scopes", scopes],
    ["test-roles", roles],
  ] as const) {
    if (values.length > 0) {
      metadata.set(key, values.join(" "));
    }
  }
  return metadata;
}
