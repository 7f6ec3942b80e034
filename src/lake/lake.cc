#include "lake/lake.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "lake/catalog.h"
#include "lake/folder_store.h"
#include "lake/remote_names.h"
#include "lake/spool_folder.h"
#include "lake/table_stream.h"

namespace sluice {
namespace {

constexpr std::chrono::seconds kStoreCall{30};
// For all tables that are made or changed at a start, while others wait. Below PostgreSQL's
// idle_in_transaction_session_timeout.
constexpr std::chrono::seconds kStoreTimeInChange{20};
// The catalog's columns take 1000 bytes; behind the location comes `/metadata/` and a name.
constexpr size_t kMaxLocationBytes = 850;

// The ranges of the records since the last Seal; neighbours grow together.
class Positions {
 public:
  void Add(const RowBatch& batch) {
    for (const RangeCounts& counts : batch.ranges) {
      const OffsetRange& range = counts.range;
      auto [known, first] =
          ranges_.try_emplace({batch.log, range.partition}, std::pair(range.start, range.end));
      if (first) continue;
      known->second.first = std::min(known->second.first, range.start);
      known->second.second = std::max(known->second.second, range.end);
    }
  }
  void Clear() { ranges_.clear(); }

  // `[{"log":1,"partition":0,"start":10,"end":20}]`
  std::string Json() const {
    std::string text = "[";
    for (const auto& [key, range] : ranges_) {
      if (text.size() > 1) text += ',';
      text += fmt::format(R"({{"log":{},"partition":{},"start":{},"end":{}}})", key.first.value,
                          key.second.value, range.first.value, range.second.value);
    }
    return text + "]";
  }

 private:
  std::map<std::pair<LogId, PartitionId>, std::pair<Offset, Offset>> ranges_;
};

// Another kind of store cannot even be asked what the table looks like.
Status CheckScheme(const LakeTable& table, const std::string& pointer) {
  const auto scheme = [](const std::string& address) {
    const std::string plain = NormalizeAddress(address);
    return plain.substr(0, plain.find(':'));
  };
  if (scheme(pointer) == scheme(table.location)) return {};
  return Fail(
      ErrorKind::kInvalidConfig,
      fmt::format("the lake table {} does not fit the pipeline: the catalog has it at `{}`, "
                  "not at `{}`",
                  table.name.Full(), pointer, table.location),
      "set `lake:` to where the table lies; a lake that moves needs a database of its own",
      "E0401");
}

class IcebergLake : public LakeSink {
 public:
  IcebergLake(ObjectStore& store, std::string catalog, std::unique_ptr<SpoolFolder> spool,
              std::vector<TableStream> streams)
      : store_(store),
        catalog_(std::move(catalog)),
        spool_(std::move(spool)),
        streams_(std::move(streams)) {}

  Result<std::vector<TableChange>> Plan(SqlSession& session) override;
  Status Prepare(SqlSession& session) override;
  Status Append(std::shared_ptr<const RowBatch> batch) override;
  int64_t OpenFileBytes() const override;
  Result<std::unique_ptr<Participant>> Seal(const CommitId& commit) override;
  void Discard() override;

 private:
  Result<std::optional<std::string>> FindOurs(SqlSession& session, const LakeTable& table) const;
  Result<std::optional<std::vector<PreparedTable>>> AsTheyAre(SqlSession& session);
  Result<std::vector<PreparedTable>> MakeOrChange(SqlSession& session);
  Result<PreparedTable> PrepareOne(SqlSession& session, const TableStream& stream,
                                   SteadyTime deadline);
  Result<std::string> PutMetadata(const RemotePath& path, Json tree, SteadyTime deadline);

  ObjectStore& store_;
  std::string catalog_;
  std::unique_ptr<SpoolFolder> spool_;
  std::vector<TableStream> streams_;  // bronze first
  std::vector<TablePart> sealed_;     // of a Seal that failed for another table
  Positions positions_;
};

Result<std::vector<TableChange>> IcebergLake::Plan(SqlSession& session) {
  std::vector<TableChange> changes;
  for (const TableStream& stream : streams_) {
    const LakeTable& table = stream.table();
    SLUICE_ASSIGN(const auto pointer, FindOurs(session, table));
    if (!pointer) {
      SLUICE_TRY(NewLayout(table));
      changes.push_back(DescribeCreation(table));
      continue;
    }
    SLUICE_ASSIGN(const auto loaded, stream.loader()->Load(*pointer, Now() + kStoreCall));
    SLUICE_ASSIGN(const TableLayout next, NextLayout(table, loaded->metadata));
    for (TableChange& change : DescribeChanges(table, loaded->metadata, next)) {
      changes.push_back(std::move(change));
    }
  }
  return changes;
}

Result<std::optional<std::string>> IcebergLake::FindOurs(SqlSession& session,
                                                         const LakeTable& table) const {
  SLUICE_ASSIGN(auto pointer, FindPointer(session, catalog_, table.name));
  if (pointer) SLUICE_TRY(CheckScheme(table, *pointer));
  return pointer;
}

Status IcebergLake::Prepare(SqlSession& session) {
  SLUICE_ASSIGN(auto prepared, AsTheyAre(session));
  if (!prepared) {
    SLUICE_ASSIGN(prepared, MakeOrChange(session));
  }
  for (size_t i = 0; i < streams_.size(); ++i)
    SLUICE_TRY(streams_[i].Use(std::move((*prepared)[i])));
  return {};
}

// Nothing when a table is missing or has another layout. Takes no lock: most starts change nothing,
// and the others' commits go on meanwhile.
Result<std::optional<std::vector<PreparedTable>>> IcebergLake::AsTheyAre(SqlSession& session) {
  std::vector<PreparedTable> prepared;
  for (const TableStream& stream : streams_) {
    const LakeTable& table = stream.table();
    SLUICE_ASSIGN(const auto pointer, FindOurs(session, table));
    if (!pointer) return std::nullopt;
    SLUICE_ASSIGN(const auto loaded, stream.loader()->Load(*pointer, Now() + kStoreCall));
    SLUICE_ASSIGN(const TableLayout next, NextLayout(table, loaded->metadata));
    if (DescribeChanges(table, loaded->metadata, next).front().action != "none") {
      return std::nullopt;
    }
    SLUICE_ASSIGN(PreparedTable one, PrepareTable(table, loaded->metadata));
    prepared.push_back(std::move(one));
  }
  return prepared;
}

Result<std::vector<PreparedTable>> IcebergLake::MakeOrChange(SqlSession& session) {
  const SteadyTime deadline = Now() + kStoreTimeInChange;
  // Pointers are locked in the order of their names, as by commits.
  std::map<TableName, size_t> order;
  for (size_t i = 0; i < streams_.size(); ++i) order[streams_[i].table().name] = i;
  std::vector<PreparedTable> prepared(streams_.size());
  const auto body = [&]() -> Status {
    SLUICE_TRY(CreateCatalog(session));
    for (const auto& [name, i] : order) {
      SLUICE_ASSIGN(prepared[i], PrepareOne(session, streams_[i], deadline));
    }
    return {};
  };
  SLUICE_TRY(session.Query("BEGIN"));
  if (Status status = body(); !status) {
    // The session may be gone, and its transaction with it.
    if (session.IsAlive()) static_cast<void>(session.Query("ROLLBACK"));
    return Fail(std::move(status).error());
  }
  SLUICE_TRY(session.Query("COMMIT"));
  return prepared;
}

// Makes the table, or changes it where its layout is not what the pipeline needs.
Result<PreparedTable> IcebergLake::PrepareOne(SqlSession& session, const TableStream& stream,
                                              SteadyTime deadline) {
  const LakeTable& table = stream.table();
  SLUICE_ASSIGN(const auto found, FindOurs(session, table));
  if (!found) {
    SLUICE_ASSIGN(const TableLayout layout, NewLayout(table));
    Json tree = NewTableMetadata(table.location, layout, WallClockMs());
    SLUICE_ASSIGN(const std::string path,
                  PutMetadata(NewMetadata(table.location, ""), std::move(tree), deadline));
    SLUICE_TRY(InsertTable(session, catalog_, table.name, path));
    SLUICE_ASSIGN(const auto made, stream.loader()->Load(path, deadline));
    return PrepareTable(table, made->metadata);
  }
  SLUICE_ASSIGN(const std::string pointer, LockPointer(session, catalog_, table.name));
  SLUICE_ASSIGN(auto loaded, stream.loader()->Load(pointer, deadline));
  SLUICE_ASSIGN(const TableLayout next, NextLayout(table, loaded->metadata));
  if (DescribeChanges(table, loaded->metadata, next).front().action != "none") {
    Json tree = WithLayout(loaded->metadata, pointer, next, WallClockMs());
    SLUICE_ASSIGN(
        const std::string path,
        PutMetadata(NewMetadata(loaded->metadata.location, pointer), std::move(tree), deadline));
    SLUICE_TRY(SwapPointer(session, catalog_, table.name, pointer, path));
    SLUICE_ASSIGN(loaded, stream.loader()->Load(path, deadline));
  }
  return PrepareTable(table, loaded->metadata);
}

Result<std::string> IcebergLake::PutMetadata(const RemotePath& path, Json tree,
                                             SteadyTime deadline) {
  const std::string text = WriteJson(tree);
  // Other engines hang on broken metadata.
  SLUICE_TRY(CheckMetadata(std::move(tree), path.value));
  SLUICE_TRY(store_.Put(path, text, deadline));
  return path.value;
}

Status IcebergLake::Append(std::shared_ptr<const RowBatch> batch) {
  if (batch->silver.size() + 1 != streams_.size()) {
    return Fail(ErrorKind::kInvariant, "a batch has other tables than the lake");
  }
  positions_.Add(*batch);
  SLUICE_TRY(streams_[0].Append(batch->bronze));
  for (size_t i = 0; i < batch->silver.size(); ++i) {
    SLUICE_TRY(streams_[i + 1].Append(batch->silver[i]));
  }
  return {};
}

int64_t IcebergLake::OpenFileBytes() const {
  int64_t most = 0;
  for (const TableStream& stream : streams_) most = std::max(most, stream.OpenBytes());
  return most;
}

Result<std::unique_ptr<Participant>> IcebergLake::Seal(const CommitId&) {
  for (TableStream& stream : streams_) {
    SLUICE_ASSIGN(std::optional<TablePart> part, stream.Seal());
    if (part) sealed_.push_back(*std::move(part));
  }
  // All workers lock the pointers in this order.
  std::sort(sealed_.begin(), sealed_.end(), [](const TablePart& a, const TablePart& b) {
    return a.append.prepared->table.name < b.append.prepared->table.name;
  });
  auto commit =
      std::make_unique<LakeCommit>(store_, catalog_, std::move(sealed_), positions_.Json());
  sealed_.clear();
  positions_.Clear();
  return commit;
}

void IcebergLake::Discard() {
  for (TableStream& stream : streams_) stream.Discard();
  sealed_.clear();
  positions_.Clear();
}

Status CheckTables(const std::vector<LakeTable>& tables) {
  std::set<TableName> names;
  std::set<std::string> locations;
  for (const LakeTable& table : tables) {
    if (table.location.size() > kMaxLocationBytes) {
      return Fail(ErrorKind::kInvalidConfig,
                  fmt::format("the lake table {} lies too deep: its address has over {} bytes",
                              table.name.Full(), kMaxLocationBytes));
    }
    if (!names.insert(table.name).second || !locations.insert(table.location).second) {
      return Fail(ErrorKind::kInvalidConfig,
                  fmt::format("two lake tables are named {}", table.name.Full()));
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<LakeSink>> MakeIcebergLake(const LakeSpec& spec, LakeTable bronze,
                                                  std::vector<LakeTable> silver, ObjectStore& store,
                                                  const std::string& spool_folder) {
  std::vector<LakeTable> tables = std::move(silver);
  tables.insert(tables.begin(), std::move(bronze));
  SLUICE_TRY(CheckTables(tables));
  SLUICE_ASSIGN(auto spool, SpoolFolder::Make(spool_folder));
  std::vector<TableStream> streams;
  for (LakeTable& table : tables) {
    SLUICE_TRY(NewLayout(table));
    std::string folder = fmt::format("{}/{}.{}", spool->path(), PercentEncode(table.name.ns),
                                     PercentEncode(table.name.name));
    streams.emplace_back(store, std::move(table), std::move(folder), spec.file_size_bytes);
  }
  return std::make_unique<IcebergLake>(store, spec.catalog, std::move(spool), std::move(streams));
}

}  // namespace sluice
