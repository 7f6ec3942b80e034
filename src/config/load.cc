#include "config/load.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/codes.h"
#include "config/mask.h"
#include "config/names.h"
#include "config/reader.h"
#include "config/sections.h"
#include "config/source_text.h"
#include "config/yaml.h"
#include "core/text.h"

namespace sluice {
namespace {

constexpr off_t kMaxFileBytes = 1 << 20;
constexpr std::string_view kFileName = "sluice.yml";

Diagnostic Unreadable(const std::string& why) {
  return {.code = std::string(codes::kFileUnreadable),
          .message = "cannot read the pipeline file: " + why,
          .help = "`sluice init` makes a project to start from"};
}

std::expected<std::string, Diagnostic> ReadFile(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return std::unexpected(Unreadable(std::strerror(errno)));
  if (S_ISDIR(info.st_mode)) return std::unexpected(Unreadable("it is a folder"));
  if (info.st_size > kMaxFileBytes) return std::unexpected(Unreadable("it is larger than 1 MiB"));
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file.is_open() || file.bad()) return std::unexpected(Unreadable(std::strerror(errno)));
  return content.str();
}

std::optional<Diagnostic> BadByte(std::string_view text) {
  const auto bad = FirstBadByte(text);
  if (!bad) return std::nullopt;
  const std::string_view before = text.substr(0, *bad);
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  const auto line = static_cast<int>(std::ranges::count(before, '\n')) + 1;
  return Diagnostic{
      .code = std::string(codes::kBadBytes),
      .message = fmt::format("byte 0x{:02x} is not text", static_cast<unsigned char>(text[*bad])),
      .place = {line, CountCharacters(before.substr(line_start)) + 1},
      .length = 1,
      .help = "save the file as UTF-8, without control characters"};
}

bool IsEmpty(const Node& root) {
  return root.kind == NodeKind::kNull && !root.broken;
}

void ReadVersion(Reader& reader, const Node& node) {
  const auto text = reader.ReadText(node);
  if (!text || text->value == "1") return;
  reader.ReportValue(
      node, *text,
      {codes::kUnknownValue, fmt::format("version {} is unknown", Reader::Shown(node)), "",
       "this sluice reads `version: 1`"});
}

void ReadPipelineName(Reader& reader, const Node& node, Spec& spec) {
  constexpr size_t kMaxBytes = 40;
  const auto text = reader.ReadText(node);
  if (!text) return;
  const bool good = std::ranges::all_of(text->value, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  if (!good || text->value.size() > kMaxBytes) {
    return reader.ReportValue(
        node, *text,
        {codes::kBadName, fmt::format("a pipeline cannot be named {}", Reader::Shown(node)), "",
         "use letters, digits, `-` and `_`, at most 40"});
  }
  spec.pipeline = text->value;
}

void ReadStorm(Reader& reader, const Node& node, StormLimit& storm) {
  const std::array keys{
      Key{"share", "",
          [&](const Node& n) {
            if (auto share = reader.ReadPercent(n, {1, 100})) storm.share_percent = *share;
          }},
      Key{"of_last", "",
          [&](const Node& n) {
            if (auto records = reader.ReadInteger(n, {10, 1'000'000})) storm.of_last = *records;
          }},
  };
  reader.ReadMap(node, keys);
}

void ReadQuarantine(Reader& reader, const Node& node, Spec& spec) {
  const std::array keys{
      Key{"limit_rows", "",
          [&](const Node& n) {
            const auto rows = reader.ReadInteger(n, {0, 1'000'000'000'000});
            if (rows) spec.quarantine_limit_rows = *rows;
          }},
      Key{"storm", "", [&](const Node& n) { ReadStorm(reader, n, spec.storm); }},
  };
  reader.ReadMap(node, keys);
}

// A bare `s3://` makes each namespace a bucket.
void CheckBuckets(Reader& reader, const Node& tables) {
  for (const auto& table : tables.children) {
    const std::string space = table.key.substr(0, table.key.find('.'));
    if (!ParseTableName(table.key) || IsBucketName(space)) continue;
    reader.ReportAtKey(table,
                       {codes::kBadLakeRoot, fmt::format("no bucket can be named `{}`", space), "",
                        "with `lake: s3://` the namespace is the bucket: use 3 to 63 "
                        "small letters and digits, or write `lake: s3://bucket`"});
  }
}

// Tables are read last, in the record's order: they look back at what stands before them.
void ReadPipeline(Reader& reader, const Node& root, Spec& spec) {
  const Node* bronze = nullptr;
  const Node* silver = nullptr;
  const Node* gold = nullptr;
  const Node* serve = &root;
  const std::array keys{
      Key{"version", "version: 1", [&](const Node& n) { ReadVersion(reader, n); }},
      Key{"pipeline", "pipeline: books", [&](const Node& n) { ReadPipelineName(reader, n, spec); }},
      Key{"source", "source: {kafka: embedded, topic: sensor_stream}",
          [&](const Node& n) { ReadSource(reader, n, spec.source); }},
      Key{"lake", "lake: ./lake", [&](const Node& n) { ReadLake(reader, n, spec.lake); }},
      Key{"warehouse", "warehouse: embedded",
          [&](const Node& n) { ReadWarehouse(reader, n, spec.warehouse); }},
      Key{"bronze", "bronze: {raw.books: {format: json, columns: {Book: string}}}",
          [&](const Node& n) { bronze = &n; }},
      Key{"silver", "", [&](const Node& n) { silver = &n; }},
      Key{"gold", "", [&](const Node& n) { gold = &n; }},
      Key{"serve", "", [&](const Node& n) { serve = &n; }},
      Key{"maintenance", "", [&](const Node& n) { ReadMaintenance(reader, n, spec.maintenance); }},
      Key{"quarantine", "", [&](const Node& n) { ReadQuarantine(reader, n, spec); }},
  };
  reader.ReadMap(root, keys);
  if (bronze != nullptr) ReadBronze(reader, *bronze, spec.bronze);
  if (silver != nullptr) ReadSilver(reader, *silver, spec.bronze, spec.silver);
  if (gold != nullptr) ReadGold(reader, *gold, spec.gold.emplace());
  ReadServe(reader, *serve, spec.serve);
  if (gold != nullptr && !spec.HasWarehouseSink()) {
    reader.ReportAtKey(
        *gold, {codes::kGoldWithoutWarehouse, "gold needs a silver table in the warehouse", "",
                "add `warehouse: {table: public.books_silver}` to a silver table"});
  }
  for (const Node* tables : {bronze, silver}) {
    if (tables != nullptr && spec.lake.root == "s3://") CheckBuckets(reader, *tables);
  }
  if (spec.source.group.empty()) spec.source.group = "sluice-" + spec.pipeline;
}

}  // namespace

std::expected<Spec, Diagnostics> LoadSpec(const std::string& path, const Environment& environment,
                                          const LoadOptions& options) {
  Diagnostics found{path, "", {}};
  auto text = ReadFile(path);
  if (!text) {
    found.items.push_back(text.error());
    return std::unexpected(std::move(found));
  }
  Spec spec;
  spec.file = path;
  spec.folder = std::filesystem::absolute(path).lexically_normal().parent_path().string();
  if (auto bad = BadByte(*text)) {
    found.items.push_back(*std::move(bad));
  } else if (const auto root = ParseYaml(*text, found.items); root && IsEmpty(*root)) {
    found.items.push_back({.code = std::string(codes::kWrongType),
                           .message = "the pipeline file is empty",
                           .help = "`sluice init` makes a project to start from"});
  } else if (root) {
    Reader reader(environment, options, spec.folder, found.items);
    ReadPipeline(reader, *root, spec);
  }
  if (found.items.empty()) return spec;
  found.text = MaskSecrets(*text);
  std::ranges::stable_sort(found.items, {}, [](const Diagnostic& item) {
    return std::pair(item.place.line, item.place.column);
  });
  return std::unexpected(std::move(found));
}

Result<std::string> FindPipelineFile(const std::string& start_folder) {
  std::error_code ignored;
  auto folder = std::filesystem::absolute(start_folder, ignored).lexically_normal();
  while (true) {
    const auto candidate = folder / kFileName;
    if (std::filesystem::is_regular_file(candidate, ignored)) return candidate.string();
    if (!folder.has_relative_path()) break;
    folder = folder.parent_path();
  }
  return Fail(ErrorKind::kInvalidConfig,
              fmt::format("no {} here or in a folder above: {}", kFileName, start_folder),
              "make a project with `sluice init`, or name a file with -f",
              std::string(codes::kNoPipelineFile));
}

}  // namespace sluice
