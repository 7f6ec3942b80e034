#include "lake/remote_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/text.h"

namespace sluice {
namespace {

constexpr size_t kMaxFolderPart = 100;  // encoded; a value may have any length
constexpr size_t kKeptBytes = 20;

std::string_view WithoutSlash(std::string_view location) {
  while (location.ends_with('/')) location.remove_suffix(1);
  return location;
}

// A name or value within a folder's name. Too long ones keep their start and get a hash.
std::string FolderPart(std::string_view text) {
  std::string encoded = PercentEncode(text);
  if (encoded.size() <= kMaxFolderPart) return encoded;
  return PercentEncode(CutUtf8(text, kKeptBytes)) + "-" + Sha256Hex(text).substr(0, 16);
}

// The number in front of `00012-….metadata.json` or `v12.metadata.json`; 0 for other names.
int64_t VersionOf(std::string_view address) {
  std::string_view name = address.substr(address.rfind('/') + 1);
  if (name.starts_with('v')) name.remove_prefix(1);
  int64_t version = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), version);
  return error == std::errc{} ? std::clamp<int64_t>(version, 0, 1'000'000'000) : 0;
}

}  // namespace

std::string PercentEncode(std::string_view text) {
  std::string encoded;
  for (const char byte : text) {
    const bool plain = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                       (byte >= '0' && byte <= '9') ||
                       std::string_view("-._~").find(byte) != std::string_view::npos;
    encoded += plain ? std::string(1, byte) : fmt::format("%{:02X}", static_cast<uint8_t>(byte));
  }
  return encoded;
}

RemotePath NewDataFile(std::string_view location, const PartitionSpec& spec,
                       const std::vector<PartitionValue>& partition) {
  std::string path = fmt::format("{}/data/", WithoutSlash(location));
  for (size_t i = 0; i < spec.fields.size() && i < partition.size(); ++i) {
    const std::string value = partition[i].bytes ? FolderPart(partition[i].text) : "null";
    path += FolderPart(spec.fields[i].name) + "=" + value + "/";
  }
  return {path + Uuid::Random().value + ".parquet"};
}

RemotePath NewManifest(std::string_view location) {
  return {fmt::format("{}/metadata/{}-m0.avro", WithoutSlash(location), Uuid::Random().value)};
}

RemotePath NewManifestList(std::string_view location, int64_t snapshot_id) {
  return {fmt::format("{}/metadata/snap-{}-1-{}.avro", WithoutSlash(location), snapshot_id,
                      Uuid::Random().value)};
}

RemotePath NewMetadata(std::string_view location, std::string_view previous) {
  const int64_t version = previous.empty() ? 0 : VersionOf(previous) + 1;
  return {fmt::format("{}/metadata/{:05d}-{}.metadata.json", WithoutSlash(location), version,
                      Uuid::Random().value)};
}

}  // namespace sluice
