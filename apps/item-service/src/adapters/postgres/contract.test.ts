import { openStore, query, usePostgres } from "../../../test/postgres/databases.ts";
import { describeItemStore } from "../contract/item-store.contract.ts";

const server = usePostgres();

describeItemStore("the item store on PostgreSQL", async () => {
  const url = await server().createDatabase();
  return {
    open: (now = () => new Date()) => openStore(url, { now }),
    async countKeys() {
      const [row] = await query<{ count: string }>(url, "SELECT count(*) FROM idempotency_keys");
      return Number(row?.count);
    },
  };
});
