import type { RepositoryCall } from "./item-repository.ts";

/** A call that changes an item as its caller knows it. */
export interface VersionedCall extends RepositoryCall {
  /** The versions that the item may have. Default: any. */
  readonly expectedVersions?: readonly string[] | undefined;
}
