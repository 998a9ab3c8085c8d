import { randomBytes } from "node:crypto";
import { credentials, Metadata, Server, ServerCredentials } from "@grpc/grpc-js";
import {
  Item,
  ItemServiceClient,
  type ItemServiceServer,
  ItemServiceService,
} from "@grpc-kit/generated-protos/examples/items";
import { callValues, identityKey } from "@grpc-kit/grpc-context";
import { authorize, standardServerInterceptors } from "@grpc-kit/grpc-interceptors/server";
import { auth, createJwtVerifier } from "@grpc-kit/grpc-interceptors/server/auth";
import { metrics } from "@grpc-kit/grpc-interceptors/server/metrics";
import { SignJWT } from "jose";
import { pino } from "pino";
import { Registry } from "prom-client";

const secret = randomBytes(32);
const registry = new Registry();
const { interceptors } = standardServerInterceptors({
  logger: pino({ base: null }),
  metrics: metrics({ register: registry }),
  auth: auth({ verifier: createJwtVerifier({ secret, issuer: "login", audience: "items" }) }),
  authorize: authorize({ rules: { "/examples.ItemService/*": { scopes: ["items:read"] } } }),
});

const getItem: ItemServiceServer["getItem"] = ({ request, metadata }, callback) => {
  const caller = callValues(metadata).get(identityKey);
  callback(null, Item.create({ id: request.id, name: `a lamp for ${caller?.subject}` }));
};
const server = new Server({ interceptors });
server.addService(ItemServiceService, { getItem });

const claims = { iss: "login", aud: "items", sub: "ada", scope: "items:read" };
const token = await new SignJWT(claims)
  .setProtectedHeader({ alg: "HS256" })
  .setExpirationTime("5 minutes")
  .sign(secret);

server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_error, port) => {
  const client = new ItemServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
  const metadata = new Metadata();
  client.getItem({ id: "7" }, metadata, (refused) => {
    console.log(refused?.message);
    metadata.set("authorization", `Bearer ${token}`);
    client.getItem({ id: "7" }, metadata, async (_failed, item) => {
      console.log(item?.name);
      console.log(await registry.getSingleMetricAsString("grpc_server_handled_total"));
      client.close();
      server.forceShutdown();
    });
  });
});
