import type { AuthorizeOptions } from "@grpc-kit/grpc-interceptors/server";

const read = { scopes: ["items:read"] };
const write = { scopes: ["items:write"] };

/** What a caller must be allowed, by method. A method that is not here may be called by nobody. */
export const itemAccess: AuthorizeOptions["rules"] = {
  "/examples.ItemService/GetItem": read,
  "/examples.ItemService/ListItems": read,
  "/examples.ItemService/CreateItem": write,
  "/examples.ItemService/UpdateItem": write,
  "/examples.ItemService/DeleteItem": write,
  "/examples.ItemService/BatchCreateItems": write,
  "/examples.ItemService/SyncItems": write,
};
