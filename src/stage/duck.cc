#include "stage/duck.h"

#include <fmt/format.h>

#include <utility>

#include "stage/chunk.h"

namespace sluice {
namespace {

constexpr std::pair<TypeKind, duckdb_type> kSimpleTypes[] = {
    {TypeKind::kBool, DUCKDB_TYPE_BOOLEAN},
    {TypeKind::kInt, DUCKDB_TYPE_INTEGER},
    {TypeKind::kLong, DUCKDB_TYPE_BIGINT},
    {TypeKind::kFloat, DUCKDB_TYPE_FLOAT},
    {TypeKind::kDouble, DUCKDB_TYPE_DOUBLE},
    {TypeKind::kString, DUCKDB_TYPE_VARCHAR},
    {TypeKind::kBinary, DUCKDB_TYPE_BLOB},
    {TypeKind::kDate, DUCKDB_TYPE_DATE},
    {TypeKind::kTimestamp, DUCKDB_TYPE_TIMESTAMP},
    {TypeKind::kTimestampTz, DUCKDB_TYPE_TIMESTAMP_TZ},
};

struct DuckString {
  char* text;
  explicit DuckString(char* owned) : text(owned) {}
  DuckString(const DuckString&) = delete;
  DuckString& operator=(const DuckString&) = delete;
  ~DuckString() { duckdb_free(text); }
};

DuckType StructType(const Type& type) {
  std::vector<DuckType> owned;
  std::vector<duckdb_logical_type> types;
  std::vector<const char*> names;
  for (const auto& child : type.children) {
    owned.push_back(ToDuckType(child.type));
    types.push_back(owned.back().get());
    names.push_back(child.name.c_str());
  }
  return DuckType(duckdb_create_struct_type(types.data(), names.data(), types.size()));
}

Result<Type> StructFromDuck(duckdb_logical_type type) {
  Type result{.kind = TypeKind::kStruct};
  const idx_t count = duckdb_struct_type_child_count(type);
  for (idx_t i = 0; i < count; ++i) {
    const DuckString name(duckdb_struct_type_child_name(type, i));
    const DuckType child(duckdb_struct_type_child_type(type, i));
    SLUICE_ASSIGN(Type child_type, FromDuckType(child.get()));
    result.children.push_back(Field{name.text, std::move(child_type)});
  }
  return result;
}

Result<Type> ListFromDuck(duckdb_logical_type type) {
  const DuckType child(duckdb_list_type_child_type(type));
  SLUICE_ASSIGN(Type element, FromDuckType(child.get()));
  return Type{.kind = TypeKind::kList, .children = {Field{"element", std::move(element)}}};
}

std::string_view ForeignName(duckdb_type id) {
  switch (id) {
    case DUCKDB_TYPE_HUGEINT:
      return "HUGEINT";
    case DUCKDB_TYPE_UHUGEINT:
      return "UHUGEINT";
    case DUCKDB_TYPE_TINYINT:
      return "TINYINT";
    case DUCKDB_TYPE_SMALLINT:
      return "SMALLINT";
    case DUCKDB_TYPE_UTINYINT:
      return "UTINYINT";
    case DUCKDB_TYPE_USMALLINT:
      return "USMALLINT";
    case DUCKDB_TYPE_UINTEGER:
      return "UINTEGER";
    case DUCKDB_TYPE_UBIGINT:
      return "UBIGINT";
    case DUCKDB_TYPE_TIME:
      return "TIME";
    case DUCKDB_TYPE_TIME_TZ:
      return "TIME WITH TIME ZONE";
    case DUCKDB_TYPE_TIMESTAMP_S:
      return "TIMESTAMP_S";
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return "TIMESTAMP_MS";
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return "TIMESTAMP_NS";
    case DUCKDB_TYPE_INTERVAL:
      return "INTERVAL";
    case DUCKDB_TYPE_UUID:
      return "UUID";
    case DUCKDB_TYPE_ENUM:
      return "ENUM";
    case DUCKDB_TYPE_MAP:
      return "MAP";
    case DUCKDB_TYPE_ARRAY:
      return "ARRAY";
    case DUCKDB_TYPE_UNION:
      return "UNION";
    case DUCKDB_TYPE_BIT:
      return "BIT";
    case DUCKDB_TYPE_SQLNULL:
      return "NULL";
    default:
      return "a type of its own";
  }
}

}  // namespace

size_t StoredBytes(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBool:
      return 1;
    case TypeKind::kInt:
    case TypeKind::kDate:
    case TypeKind::kFloat:
      return 4;
    case TypeKind::kDecimal:
      return type.precision <= 4 ? 2 : type.precision <= 9 ? 4 : type.precision <= 18 ? 8 : 16;
    case TypeKind::kString:
    case TypeKind::kBinary:
      return sizeof(duckdb_string_t);
    case TypeKind::kList:
      return sizeof(duckdb_list_entry);
    default:
      return 8;
  }
}

Result<std::unique_ptr<DuckEngine>> DuckEngine::Make() {
  if (duckdb_vector_size() != kChunkRows) {
    return Fail(ErrorKind::kFatal, fmt::format("DuckDB's vector size is {}, not {}",
                                               duckdb_vector_size(), kChunkRows));
  }
  duckdb_config config = nullptr;
  duckdb_create_config(&config);
  duckdb_set_config(config, "threads", "1");
  duckdb_set_config(config, "autoinstall_known_extensions", "false");
  duckdb_set_config(config, "autoload_known_extensions", "false");
  // Files of the lake are read once: what the cache keeps of each would stay for ever.
  duckdb_set_config(config, "enable_external_file_cache", "false");
  duckdb_database database = nullptr;
  char* message = nullptr;
  const auto state = duckdb_open_ext(nullptr, &database, config, &message);
  duckdb_destroy_config(&config);
  const DuckString owned(message);
  if (state != DuckDBSuccess) {
    return Fail(ErrorKind::kFatal, fmt::format("DuckDB did not start: {}", message ? message : ""));
  }
  return std::unique_ptr<DuckEngine>(new DuckEngine(database));
}

DuckEngine::~DuckEngine() {
  duckdb_close(&database_);
}

Result<DuckConnectionHandle> DuckEngine::Connect() {
  DuckConnectionHandle connection;
  if (duckdb_connect(database_, connection.out()) != DuckDBSuccess) {
    return Fail(ErrorKind::kFatal, "DuckDB gave no connection");
  }
  SLUICE_TRY(DuckQuery(connection.get(), "SET TimeZone = 'UTC'"));
  return connection;
}

Result<DuckResult> DuckQuery(duckdb_connection connection, const std::string& sql) {
  DuckResult result;
  if (duckdb_query(connection, sql.c_str(), result.out()) != DuckDBSuccess) {
    const char* message = duckdb_result_error(result.out());
    return Fail(ErrorKind::kFatal, fmt::format("DuckDB: {}", message ? message : "no message"));
  }
  return result;
}

DuckType ToDuckType(const Type& type) {
  for (const auto& [kind, id] : kSimpleTypes) {
    if (type.kind == kind) return DuckType(duckdb_create_logical_type(id));
  }
  if (type.kind == TypeKind::kDecimal) {
    return DuckType(duckdb_create_decimal_type(type.precision, type.scale));
  }
  if (type.kind == TypeKind::kList) {
    const DuckType element = ToDuckType(type.children.at(0).type);
    return DuckType(duckdb_create_list_type(element.get()));
  }
  return StructType(type);
}

Result<Type> FromDuckType(duckdb_logical_type type) {
  const duckdb_type id = duckdb_get_type_id(type);
  for (const auto& [kind, simple] : kSimpleTypes) {
    if (id == simple) return Type{.kind = kind};
  }
  if (id == DUCKDB_TYPE_DECIMAL) {
    return Type{.kind = TypeKind::kDecimal,
                .precision = duckdb_decimal_width(type),
                .scale = duckdb_decimal_scale(type)};
  }
  if (id == DUCKDB_TYPE_LIST) return ListFromDuck(type);
  if (id == DUCKDB_TYPE_STRUCT) return StructFromDuck(type);
  return Fail(ErrorKind::kInvalidConfig,
              fmt::format("the lake has no type for {}", ForeignName(id)),
              "cast it: CAST(… AS BIGINT), AS DOUBLE, AS TIMESTAMP, AS VARCHAR, …");
}

}  // namespace sluice
