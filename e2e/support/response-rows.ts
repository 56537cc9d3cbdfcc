import pg from 'pg';

interface OfProject {
  readonly databaseUrl: string;
  readonly projectId: string;
}

/** Counts the rows of a project in a table of the responses service. */
export async function countResponseRows({ databaseUrl, projectId }: OfProject, table: string): Promise<number> {
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  try {
    const { rows } = await database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM responses.${table} WHERE project_id = $1`,
      [projectId],
    );
    return rows[0]?.count ?? 0;
  } finally {
    await database.end();
  }
}
