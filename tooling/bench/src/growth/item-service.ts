/** `node src/growth/item-service.ts <database file>`: the built item-service, which tells what it uses. */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { tellUsage } from "@grpc-kit/testing/bench";
import { freePort } from "./free-port.ts";
import { environmentOf, main } from "./item-database.ts";

const [, , file = ""] = process.argv;
const port = await freePort();
Object.assign(process.env, environmentOf(file), { GRPC_SERVER_PORT: String(port) });
process.argv.splice(1, Number.POSITIVE_INFINITY, main, "serve");
// What it tells whoever starts it would stand in the table.
process.stdout.write = () => true;
await import(main);
while (!(await isListening())) {
  await delay(20);
}
tellUsage(port);

async function isListening(): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
