import type { MethodDefinition } from "@grpc/grpc-js";
import { Tree } from "@grpc-kit/testing/fixtures";

const serialize = (tree: Tree): Buffer => Buffer.from(Tree.encode(tree).finish());
const deserialize = (bytes: Buffer): Tree => Tree.decode(bytes);

/** A service that gives back a message which holds itself, maps and all else that a message may hold. */
export const treeService: { readonly grow: MethodDefinition<Tree, Tree> } = {
  grow: {
    path: "/fixtures.TreeService/Grow",
    requestStream: false,
    responseStream: false,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  },
};
