import { status } from "@grpc/grpc-js";
import { errorToStatus, StatusError } from "@grpc-kit/grpc-status";

function findItem(id: string): never {
  throw new StatusError(status.NOT_FOUND, `no item has the id ${id}`, {
    cause: new Error("SELECT * FROM items gave 0 rows"),
  });
}

try {
  findItem("7\n");
} catch (error) {
  console.log(errorToStatus(error));
}
console.log(errorToStatus(new Error("password authentication failed for user shop")));
