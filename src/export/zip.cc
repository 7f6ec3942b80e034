#include "export/zip.h"

#include <array>
#include <cstdint>

namespace sluice {
namespace {

// 1980-01-01, where the format's calendar begins.
constexpr uint16_t kDate = 0x0021;
constexpr uint16_t kTime = 0;
constexpr uint16_t kVersion = 20;
constexpr uint16_t kUtf8Names = 1 << 11;
constexpr uint32_t kReadable = 0100644U << 16;  // a file, rw-r--r--, in Unix's half
constexpr uint16_t kMadeByUnix = 3 << 8 | kVersion;

constexpr std::array<uint32_t, 256> MakeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value & 1 ? 0xEDB88320 ^ (value >> 1) : value >> 1;
    table[i] = value;
  }
  return table;
}

uint32_t Crc32(std::string_view bytes) {
  static constexpr auto kTable = MakeTable();
  uint32_t crc = 0xFFFFFFFF;
  for (const char byte : bytes) {
    crc = kTable[(crc ^ static_cast<uint8_t>(byte)) & 0xFF] ^ (crc >> 8);
  }
  return ~crc;
}

void Put16(std::string& out, size_t value) {
  out += static_cast<char>(value & 0xFF);
  out += static_cast<char>(value >> 8 & 0xFF);
}

void Put32(std::string& out, size_t value) {
  Put16(out, value & 0xFFFF);
  Put16(out, value >> 16);
}

// What a file's own header and the directory at the end both say of it.
std::string Facts(const std::string& name, const std::string& content) {
  std::string facts;
  Put16(facts, kVersion);
  Put16(facts, kUtf8Names);
  Put16(facts, 0);  // stored
  Put16(facts, kTime);
  Put16(facts, kDate);
  Put32(facts, Crc32(content));
  Put32(facts, content.size());
  Put32(facts, content.size());
  Put16(facts, name.size());
  Put16(facts, 0);  // no extra field
  return facts;
}

}  // namespace

std::string ZipArchive(const Files& files) {
  std::string archive, directory;
  for (const auto& [name, content] : files) {
    const std::string facts = Facts(name, content);
    directory += "PK\x01\x02";
    Put16(directory, kMadeByUnix);
    directory += facts;
    Put16(directory, 0);  // no comment
    Put16(directory, 0);  // on this disk
    Put16(directory, 0);  // internal attributes
    Put32(directory, kReadable);
    Put32(directory, archive.size());
    directory += name;
    archive += "PK\x03\x04";
    archive += facts;
    archive += name;
    archive += content;
  }
  const size_t begin = archive.size();
  archive += directory + "PK\x05\x06";
  Put32(archive, 0);
  Put16(archive, files.size());
  Put16(archive, files.size());
  Put32(archive, directory.size());
  Put32(archive, begin);
  Put16(archive, 0);
  return archive;
}

}  // namespace sluice
