import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { Migration } from 'kysely/migration';
import type { Tables } from './database.ts';

/** In the order of their names. A migration that was released is never changed; a new one is added. */
const migrations: Record<string, Migration> = {
  '0001-todos': {
    async up(database) {
      await database.schema
        .createTable('todos')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('title', 'text', (column) => column.notNull())
        .addColumn('description', 'text')
        .addColumn('completed', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .execute();
      // Every question is about one person's list in the order of its making.
      await database.schema.createIndex('todos_owner').on('todos').columns(['owner', 'created_at', 'id']).execute();
    },
  },
};

/** Brings the database to the newest shape. Two processes may start at once: Kysely takes a lock where the engine has one. */
export async function migrate(database: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw new Error('The database could not be migrated.', { cause: error });
}
