// duckdb_query.mjs FILE: reads {name: SQL} from stdin; runs each over FILE, which DuckDB reads as it reads any file of JSON
// Lines, by the name `records`; prints {name: [[label, count], ...]}.
import { DuckDBInstance } from "@duckdb/node-api";
import { readFileSync } from "node:fs";

const settings = { autoinstall_known_extensions: "false", autoload_known_extensions: "false" };
const connection = await (await DuckDBInstance.create(":memory:", settings)).connect();
await connection.run(`CREATE VIEW records AS SELECT * FROM '${process.argv[2].replaceAll("'", "''")}'`);
const answers = {};
for (const [name, sql] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
    const rows = (await connection.runAndReadAll(sql)).getRows();
    answers[name] = rows.map(([label, count]) => [String(label), Number(count)]);
}
console.log(JSON.stringify(answers));
