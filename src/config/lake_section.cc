#include <fmt/format.h>

#include <array>

#include "config/codes.h"
#include "config/names.h"
#include "config/sections.h"
#include "core/text.h"

namespace sluice {
namespace {

constexpr Bounds kEvery{100, 86'400'000};
constexpr Bounds kFileSize{1 << 10, 8LL << 30};
constexpr std::string_view kHelp = "write a folder such as `./lake`, or `s3://bucket/prefix`";

bool HasOddPart(std::string_view path) {
  for (const std::string& part : Split(path, '/')) {
    if (part.empty() || part == "." || part == "..") return true;
  }
  return false;
}

// Says what is wrong with the part after `s3://`, or nothing.
std::string S3Problem(std::string_view path) {
  if (path.empty()) return "";
  if (!IsBucketName(path.substr(0, path.find('/')))) {
    return "a bucket has 3 to 63 small letters, digits, `-` and `.`";
  }
  return HasOddPart(path) ? "a part of the path is empty, `.` or `..`" : "";
}

struct Root {
  std::string address;
  std::string problem{};
  std::string meant{};
};

Root RootOf(const Reader& reader, std::string_view text) {
  while (text.size() > 1 && text.ends_with('/') && !text.ends_with("://")) text.remove_suffix(1);
  if (text.starts_with("s3://")) return {std::string(text), S3Problem(text.substr(5))};
  for (const std::string_view other : {"s3a://", "s3n://", "S3://"}) {
    if (!text.starts_with(other)) continue;
    return {"", "the scheme is written `s3`", fmt::format("s3://{}", text.substr(other.size()))};
  }
  if (text.starts_with("file:///")) text.remove_prefix(7);
  if (text.find("://") != std::string_view::npos) {
    return {"", "only folders and `s3://` are supported"};
  }
  if (text.starts_with('~'))
    return {"", "`~` does not stand for your home here",
            fmt::format("${{HOME}}{}", text.substr(1))};
  if (text.find_first_of("?#") != std::string_view::npos) {
    return {"", "other engines cannot read a folder with `?` or `#` in its name"};
  }
  std::string path = reader.PathOf(text);
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (path == "/") return {"", "the root of the file system is no place for a lake"};
  return {"file://" + path};
}

void ReadRoot(Reader& reader, const Node& node, LakeSpec& lake) {
  const auto text = reader.ReadText(node);
  if (!text) return;
  Root root = RootOf(reader, text->value);
  if (!root.problem.empty()) {
    return reader.ReportValue(
        node, *text,
        {codes::kBadLakeRoot, "not a place for a lake: " + root.problem,
         root.meant.empty() ? "" : fmt::format("did you mean `{}`?", EscapeControl(root.meant)),
         std::string(kHelp)});
  }
  lake.root = std::move(root.address);
}

void ReadCatalog(Reader& reader, const Node& node, LakeSpec& lake) {
  const auto text = reader.ReadText(node);
  if (!text) return;
  if (!IsIdentifier(text->value) || text->value.size() > kPostgresNameBytes) {
    return reader.ReportValue(
        node, *text,
        {codes::kBadName, fmt::format("a catalog cannot be named {}", Reader::Shown(node)), "",
         "use letters, digits and `_`, at most 63, no digit first"});
  }
  lake.catalog = text->value;
}

}  // namespace

void ReadLake(Reader& reader, const Node& node, LakeSpec& lake) {
  const Node* s3 = nullptr;
  if (node.kind != NodeKind::kMap) {
    ReadRoot(reader, node, lake);
  } else {
    const std::array keys{
        Key{"root", "root: ./lake", [&](const Node& n) { ReadRoot(reader, n, lake); }},
        Key{"every", "",
            [&](const Node& n) {
              if (auto every = reader.ReadDuration(n, kEvery)) lake.every_ms = *every;
            }},
        Key{"file_size", "",
            [&](const Node& n) {
              if (auto size = reader.ReadSize(n, kFileSize)) lake.file_size_bytes = *size;
            }},
        Key{"catalog", "", [&](const Node& n) { ReadCatalog(reader, n, lake); }},
        Key{"s3", "", [&](const Node& n) { s3 = &n; }},
    };
    reader.ReadMap(node, keys);
  }
  if (s3 != nullptr || lake.root.starts_with("s3://")) {
    ReadS3(reader, s3 != nullptr ? *s3 : node, lake);
  }
}

}  // namespace sluice
