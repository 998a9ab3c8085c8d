// A client that calls, and is stopped then. Its argument is JSON: { address, token }.
import { authorized, createItemClient } from "../../harness/calls.ts";

const { address, token } = JSON.parse(process.argv[2] ?? "{}");
const client = createItemClient({ address, tls: undefined });
const call = client.syncItems(authorized(token));
call.on("error", () => {});
// The answer says that the stream runs.
call.on("data", () => process.send?.("running"));
call.write({ action: { $case: "deleteId", value: "no-id" } });
process.on("disconnect", () => process.exit());
