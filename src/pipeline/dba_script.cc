#include "pipeline/dba_script.h"

#include <fmt/format.h>

#include <set>

#include "core/text.h"
#include "lake/catalog.h"
#include "ledger/schema.h"

namespace sluice {
namespace {

// What a run does with each of the ledger's tables.
constexpr std::string_view kRunRights = R"(GRANT USAGE ON SCHEMA sluice TO {run};
GRANT SELECT, INSERT, UPDATE ON sluice.pipeline, sluice.log, sluice.position, sluice.left_out,
  sluice.quarantine TO {run};
GRANT SELECT, INSERT ON sluice.target, sluice.dbt_run, sluice.dbt_node TO {run};
GRANT SELECT, INSERT, DELETE ON sluice.commit TO {run};
GRANT SELECT, INSERT, UPDATE ON iceberg_tables TO {run};
GRANT SELECT, INSERT ON iceberg_namespace_properties TO {run};
)";

// The raw bytes in the quarantine may be personal: to see them is a right of its own.
constexpr std::string_view kReadRights = R"(GRANT USAGE ON SCHEMA sluice TO {read};
GRANT SELECT ON sluice.pipeline, sluice.target, sluice.log, sluice.position, sluice.left_out,
  sluice.commit, sluice.dbt_run, sluice.dbt_node TO {read};
GRANT SELECT (pipeline, log_id, partition, "offset", kafka_ts, value_len, sha256, reason, field,
  detail, commit_id, at, resolved_at, resolved_by) ON sluice.quarantine TO {read};
GRANT SELECT ON iceberg_tables, iceberg_namespace_properties TO {read};
)";

class Script {
 public:
  Script(const Spec& spec, const DbaRoles& roles)
      : spec_(spec), run_(QuoteIdentifier(roles.run)), read_(QuoteIdentifier(roles.read)) {
    text_ = fmt::format(
        "-- What pipeline {} still needs in database {}. Run it as the database's owner or as a\n"
        "-- superuser. Passwords are yours to give: ALTER ROLE … PASSWORD.\n"
        "BEGIN;\nSET LOCAL search_path = public, pg_temp;\n",
        spec.pipeline, roles.database);
    AddRole(roles.run, "LOGIN");
    AddRole(roles.read, "NOLOGIN");
    database_ = QuoteIdentifier(roles.database);
  }

  void Add(std::string_view title, std::string_view sql) {
    if (sql.empty()) return;
    text_ += fmt::format("\n-- {}\n{}", title, sql);
    if (!sql.ends_with('\n')) text_ += sql.ends_with(';') ? "\n" : ";\n";
  }

  void AddRights() {
    Add("What a run may do. TEMPORARY: upserts go by a temporary table.",
        fmt::format("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {};\n", database_, run_) +
            fmt::format(fmt::runtime(kRunRights), fmt::arg("run", run_)) + TableRights());
    if (spec_.gold) Add("dbt makes its tables itself", GoldRights());
    Add("What readers may do",
        fmt::format("GRANT CONNECT ON DATABASE {} TO {};\n", database_, read_) +
            fmt::format(fmt::runtime(kReadRights), fmt::arg("read", read_)) + TableReadRights());
  }

  std::string Take() { return std::move(text_) + "COMMIT;\n"; }

 private:
  void AddRole(const std::string& role, std::string_view attributes) {
    text_ += fmt::format(
        "DO $$BEGIN\n  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {}) THEN\n"
        "    CREATE ROLE {} {};\n  END IF;\nEND$$;\n",
        QuoteLiteral(role), QuoteIdentifier(role), attributes);
  }

  std::set<std::string> Schemas() const {
    std::set<std::string> schemas{"public"};
    for (const auto& silver : spec_.silver) {
      if (silver.warehouse) schemas.insert(silver.warehouse->schema);
    }
    return schemas;
  }

  std::string SchemaUsage(const std::string& role) const {
    std::vector<std::string> names;
    for (const auto& schema : Schemas()) names.push_back(QuoteIdentifier(schema));
    return fmt::format("GRANT USAGE ON SCHEMA {} TO {};\n", Join(names, ", "), role);
  }

  static std::string Quoted(const WarehouseTableSpec& table) {
    return QuoteIdentifier(table.schema) + "." + QuoteIdentifier(table.table);
  }

  std::string TableRights() const {
    std::string sql = SchemaUsage(run_);
    for (const auto& silver : spec_.silver) {
      if (!silver.warehouse) continue;
      const bool upsert = silver.warehouse->mode == WriteMode::kUpsert;
      sql += fmt::format("GRANT SELECT, INSERT{} ON {} TO {};\n", upsert ? ", UPDATE" : "",
                         Quoted(*silver.warehouse), run_);
    }
    return sql;
  }

  std::string GoldRights() const {
    const std::string schema = QuoteIdentifier(spec_.gold->schema);
    return fmt::format(
        "CREATE SCHEMA IF NOT EXISTS {0};\nGRANT USAGE, CREATE ON SCHEMA {0} TO {1};\n"
        "GRANT USAGE ON SCHEMA {0} TO {2};\n"
        "ALTER DEFAULT PRIVILEGES FOR ROLE {1} IN SCHEMA {0} GRANT SELECT ON TABLES TO {2};\n",
        schema, run_, read_);
  }

  std::string TableReadRights() const {
    std::string sql = SchemaUsage(read_);
    for (const auto& silver : spec_.silver) {
      if (!silver.warehouse) continue;
      sql += fmt::format("GRANT SELECT ON {} TO {};\n", Quoted(*silver.warehouse), read_);
    }
    return sql;
  }

  const Spec& spec_;
  const std::string run_, read_;
  std::string database_;
  std::string text_;
};

}  // namespace

std::string DbaScript(const Spec& spec, const DbaRoles& roles,
                      const std::vector<TableChange>& changes) {
  Script script(spec, roles);
  script.Add("The ledger", LedgerTablesSql());
  script.Add("The Iceberg catalog, where other engines look for it", CatalogTablesSql());
  for (const auto& change : changes) {
    script.Add(fmt::format("{}: {}", change.table, change.action), change.sql);
  }
  script.AddRights();
  return script.Take();
}

}  // namespace sluice
