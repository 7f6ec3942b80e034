#include "lake/avro_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "lake/avro_schema.h"
#include "lake/deflate.h"
#include "lake/json.h"

namespace sluice {
namespace {

constexpr std::string_view kMagic("Obj\1", 4);
constexpr size_t kSyncBytes = 16;
constexpr int64_t kMaxHeaderKeys = 1000;
constexpr int64_t kBaseValues = 1000;
constexpr int64_t kValuesPerByte = 4;

// Reads Avro's primitives off the front of a buffer.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}
  size_t left() const { return rest_.size(); }

  Result<std::string_view> Take(int64_t count) {
    if (count < 0 || static_cast<uint64_t>(count) > rest_.size()) return Broken("it is cut short");
    const std::string_view taken = rest_.substr(0, static_cast<size_t>(count));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  Result<int64_t> Long() {
    uint64_t bits = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return Broken("it is cut short");
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      bits |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return static_cast<int64_t>(bits >> 1 ^ (~(bits & 1) + 1));
    }
    return Broken("a number is too long");
  }

  Result<std::string_view> Bytes() {
    SLUICE_ASSIGN(const int64_t length, Long());
    return Take(length);
  }

  template <typename Bits>
  Result<Bits> LittleEndian() {
    SLUICE_ASSIGN(const std::string_view raw, Take(sizeof(Bits)));
    Bits bits = 0;
    for (size_t i = 0; i < sizeof(Bits); ++i) {
      bits |= static_cast<Bits>(static_cast<uint8_t>(raw[i])) << (8 * i);
    }
    return bits;
  }

  // Reads the head of an array's or map's block: its item count, 0 at the end. Every item is
  // taken to need at least one byte, so a lying count ends here.
  Result<int64_t> BlockCount() {
    SLUICE_ASSIGN(int64_t count, Long());
    if (count < 0) {
      SLUICE_TRY(Long());  // the block's size in bytes, for those who skip
      count = count == INT64_MIN ? INT64_MAX : -count;
    }
    if (static_cast<uint64_t>(count) > left()) return Broken("an array is longer than the file");
    return count;
  }

 private:
  std::string_view rest_;
};

// Decodes values of one schema; depth is bounded by the schema's.
class Decoder {
 public:
  Decoder(std::string_view bytes, int64_t& budget) : in_(bytes), budget_(budget) {}
  bool AtEnd() const { return in_.left() == 0; }

  Result<AvroValue> Value(const AvroType& type) {
    if (--budget_ < 0) return Broken("it holds too many values");
    switch (type.kind) {
      case AvroKind::kNull:
        return AvroValue{};
      case AvroKind::kBoolean:
        return Boolean();
      case AvroKind::kInt:
      case AvroKind::kLong:
      case AvroKind::kEnum:
        return Integer();
      case AvroKind::kFloat:
        return Float();
      case AvroKind::kDouble:
        return Double();
      case AvroKind::kBytes:
      case AvroKind::kString:
        return Text();
      case AvroKind::kFixed:
        return Fixed(type.fixed_bytes);
      case AvroKind::kRecord:
        return Record(type);
      case AvroKind::kArray:
        return Array(*type.children[0]);
      case AvroKind::kMap:
        return SkipMap(*type.children[0]);
      case AvroKind::kUnion:
        return Union(type);
    }
    return Broken("it has a value of no type");
  }

 private:
  Result<AvroValue> Boolean() {
    SLUICE_ASSIGN(const std::string_view byte, in_.Take(1));
    return AvroValue{byte[0] != 0};
  }
  Result<AvroValue> Integer() {
    SLUICE_ASSIGN(const int64_t number, in_.Long());
    return AvroValue{number};
  }
  Result<AvroValue> Float() {
    SLUICE_ASSIGN(const uint32_t bits, in_.LittleEndian<uint32_t>());
    return AvroValue{static_cast<double>(std::bit_cast<float>(bits))};
  }
  Result<AvroValue> Double() {
    SLUICE_ASSIGN(const uint64_t bits, in_.LittleEndian<uint64_t>());
    return AvroValue{std::bit_cast<double>(bits)};
  }
  Result<AvroValue> Text() {
    SLUICE_ASSIGN(const std::string_view bytes, in_.Bytes());
    return AvroValue{std::string(bytes)};
  }
  Result<AvroValue> Fixed(int64_t length) {
    SLUICE_ASSIGN(const std::string_view bytes, in_.Take(length));
    return AvroValue{std::string(bytes)};
  }

  Result<AvroValue> Record(const AvroType& type) {
    AvroValue::Record record;
    for (size_t i = 0; i < type.children.size(); ++i) {
      SLUICE_ASSIGN(AvroValue field, Value(*type.children[i]));
      if (type.field_ids[i]) record.emplace_back(*type.field_ids[i], std::move(field));
    }
    return AvroValue{std::move(record)};
  }

  Result<AvroValue> Array(const AvroType& element) {
    AvroValue::List items;
    while (true) {
      SLUICE_ASSIGN(const int64_t count, in_.BlockCount());
      if (count == 0) return AvroValue{std::move(items)};
      for (int64_t i = 0; i < count; ++i) {
        SLUICE_ASSIGN(AvroValue item, Value(element));
        items.push_back(std::move(item));
      }
    }
  }

  Result<AvroValue> SkipMap(const AvroType& value) {
    while (true) {
      SLUICE_ASSIGN(const int64_t count, in_.BlockCount());
      if (count == 0) return AvroValue{};
      for (int64_t i = 0; i < count; ++i) {
        SLUICE_TRY(in_.Bytes());
        SLUICE_TRY(Value(value));
      }
    }
  }

  Result<AvroValue> Union(const AvroType& type) {
    SLUICE_ASSIGN(const int64_t branch, in_.Long());
    if (branch < 0 || static_cast<uint64_t>(branch) >= type.children.size()) {
      return Broken("a value has a branch that its schema lacks");
    }
    return Value(*type.children[static_cast<size_t>(branch)]);
  }

  Cursor in_;
  int64_t& budget_;
};

Result<std::map<std::string, std::string>> ReadHeader(Cursor& in) {
  SLUICE_ASSIGN(const std::string_view magic, in.Take(kMagic.size()));
  if (magic != kMagic) return Broken("it is no Avro file");
  std::map<std::string, std::string> metadata;
  while (true) {
    SLUICE_ASSIGN(const int64_t count, in.BlockCount());
    if (count == 0) return metadata;
    for (int64_t i = 0; i < count; ++i) {
      SLUICE_ASSIGN(const std::string_view key, in.Bytes());
      SLUICE_ASSIGN(const std::string_view value, in.Bytes());
      metadata[std::string(key)] = value;
    }
    if (metadata.size() > kMaxHeaderKeys) return Broken("its header is too long");
  }
}

// Decodes the records of one block behind those of earlier ones. Honest values need about a byte
// each, so a block is allowed a few per byte: one that promises more is a bomb.
Status ReadBlock(const AvroType& schema, int64_t count, std::string_view payload, int64_t& budget,
                 std::vector<AvroValue>& records) {
  const auto bytes = static_cast<int64_t>(payload.size());
  int64_t allowed = std::min(budget, kBaseValues + kValuesPerByte * bytes);
  budget -= allowed;
  Decoder decoder(payload, allowed);
  for (int64_t i = 0; i < count; ++i) {
    SLUICE_ASSIGN(AvroValue record, decoder.Value(schema));
    records.push_back(std::move(record));
  }
  budget += allowed;
  if (!decoder.AtEnd()) return Broken("a block is longer than its records");
  return {};
}

Result<AvroFile> Read(std::string_view bytes, const AvroLimits& limits) {
  Cursor in(bytes);
  AvroFile file;
  SLUICE_ASSIGN(file.metadata, ReadHeader(in));
  SLUICE_ASSIGN(const std::string_view sync, in.Take(kSyncBytes));
  const std::string codec =
      file.metadata.contains("avro.codec") ? file.metadata["avro.codec"] : "null";
  if (codec != "null" && codec != "deflate") {
    return Broken(fmt::format("its codec `{}` is unknown", codec));
  }
  SLUICE_ASSIGN(const auto schema, ParseAvroSchema(file.metadata["avro.schema"]));
  int64_t budget = limits.max_values;
  int64_t room = limits.max_plain_bytes;
  while (in.left() > 0) {
    SLUICE_ASSIGN(const int64_t count, in.Long());
    SLUICE_ASSIGN(std::string_view payload, in.Bytes());
    SLUICE_ASSIGN(const std::string_view marker, in.Take(kSyncBytes));
    if (marker != sync || count < 0) return Broken("a block does not end where it should");
    std::string plain;
    if (codec == "deflate") {
      SLUICE_ASSIGN(plain, Inflate(payload, DeflateFormat::kRaw, room));
      payload = plain;
    }
    room -= static_cast<int64_t>(payload.size());
    if (room < 0) return Broken("it is too long");
    SLUICE_TRY(ReadBlock(*schema, count, payload, budget, file.records));
  }
  return file;
}

}  // namespace

const AvroValue* AvroValue::Find(int32_t id) const {
  const auto* record = std::get_if<Record>(&value);
  if (record == nullptr) return nullptr;
  for (const auto& [field_id, field] : *record) {
    if (field_id == id) return &field;
  }
  return nullptr;
}

Result<AvroFile> ReadAvroFile(std::string_view bytes, std::string_view what,
                              const AvroLimits& limits) {
  auto file = Read(bytes, limits);
  if (file) return file;
  return Broken(fmt::format("`{}` cannot be read: {}", what, file.error().message));
}

}  // namespace sluice
