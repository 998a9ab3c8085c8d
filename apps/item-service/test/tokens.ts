import { credentials, type Interceptor } from "@grpc/grpc-js";
import type { ChannelOptions } from "@grpc-kit/grpc-client";
import { bearerToken } from "@grpc-kit/grpc-interceptors/client";
import { signDevelopmentToken } from "../src/auth/development-keys.ts";
import { developmentAuth } from "../src/auth-settings.ts";

/** A token that a service with this data folder takes. */
export function tokenFor(dataFolder: string, scope = "items:read items:write"): Promise<string> {
  const content = { scope, subject: "test", expiresIn: "1h" };
  return signDevelopmentToken(developmentAuth(dataFolder), content);
}

/** Sends the token with each call to a target on this machine. */
export function sendToken(
  target: string | readonly string[],
  token: string,
  channel: ChannelOptions | undefined,
): Interceptor {
  const { credentials: given = "insecure" } = channel ?? {};
  return bearerToken({
    target: [target].flat().join(","),
    credentials: given === "insecure" ? credentials.createInsecure() : credentials.createSsl(),
    getToken: () => ({ token }),
  });
}
