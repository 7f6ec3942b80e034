#include "lake/parquet_footer.h"

#include <numeric>

#include "lake/thrift_writer.h"

namespace sluice {
namespace {

constexpr int32_t kZstd = 6;

void WriteEncodings(const ColumnChunk& chunk, ThriftWriter& to) {
  std::vector<Encoding> used{Encoding::kRle};
  if (chunk.has_plain || chunk.dictionary_bytes > 0) used.push_back(Encoding::kPlain);
  if (chunk.dictionary_bytes > 0) used.push_back(Encoding::kRleDictionary);
  to.List(2, ThriftType::kI32, used.size());
  for (const Encoding encoding : used) to.ElementI32(static_cast<int32_t>(encoding));
}

void WriteStatistics(const ColumnChunk& chunk, const std::optional<LeafBounds>& bounds,
                     ThriftWriter& to) {
  to.Begin(12);
  to.I64(3, chunk.nulls);
  if (bounds) {
    to.Binary(5, bounds->high);
    to.Binary(6, bounds->low);
  }
  to.End();
}

// ColumnChunk with its ColumnMetaData.
void WriteColumn(const ParquetLeaf& leaf, const ColumnChunk& chunk,
                 const std::optional<LeafBounds>& bounds, int64_t offset, ThriftWriter& to) {
  to.BeginElement();
  to.I64(2, offset);
  to.Begin(3);
  to.I32(1, static_cast<int32_t>(leaf.physical));
  WriteEncodings(chunk, to);
  to.List(3, ThriftType::kBinary, leaf.path.size());
  for (const std::string& name : leaf.path) to.ElementBinary(name);
  to.I32(4, kZstd);
  to.I64(5, chunk.values);
  to.I64(6, chunk.plain_bytes);
  to.I64(7, chunk.packed_bytes);
  to.I64(9, offset + chunk.dictionary_bytes);
  if (chunk.dictionary_bytes > 0) to.I64(11, offset);
  WriteStatistics(chunk, bounds, to);
  to.End();
  to.End();
}

int64_t Sum(const RowGroup& group, int64_t ColumnChunk::* bytes) {
  return std::accumulate(group.chunks.begin(), group.chunks.end(), int64_t{0},
                         [&](int64_t sum, const ColumnChunk& chunk) { return sum + chunk.*bytes; });
}

void WriteGroup(std::span<const ParquetLeaf> leaves, const RowGroup& group, size_t number,
                ThriftWriter& to) {
  constexpr size_t kMaxOrdinal = INT16_MAX;
  to.BeginElement();
  to.List(1, ThriftType::kStruct, leaves.size());
  int64_t offset = group.offset;
  for (size_t i = 0; i < leaves.size(); ++i) {
    WriteColumn(leaves[i], group.chunks[i], group.bounds[i], offset, to);
    offset += group.chunks[i].packed_bytes;
  }
  to.I64(2, Sum(group, &ColumnChunk::plain_bytes));
  to.I64(3, group.rows);
  to.I64(5, group.offset);
  to.I64(6, Sum(group, &ColumnChunk::packed_bytes));
  if (number <= kMaxOrdinal) to.I16(7, static_cast<int16_t>(number));
  to.End();
}

}  // namespace

void AppendFooter(const IcebergSchema& schema, std::span<const ParquetLeaf> leaves,
                  std::span<const RowGroup> groups, ByteBuffer& to) {
  const size_t before = to.size();
  ThriftWriter writer(to);
  writer.I32(1, 1);  // the format's version
  WriteSchema(schema, writer);
  writer.I64(3, std::accumulate(groups.begin(), groups.end(), int64_t{0},
                                [](int64_t sum, const auto& group) { return sum + group.rows; }));
  writer.List(4, ThriftType::kStruct, groups.size());
  for (size_t i = 0; i < groups.size(); ++i) WriteGroup(leaves, groups[i], i, writer);
  writer.Binary(6, "sluice version " SLUICE_VERSION);
  writer.List(7, ThriftType::kStruct, leaves.size());
  for (size_t i = 0; i < leaves.size(); ++i) {  // bounds are in the order of their types
    writer.BeginElement();
    writer.Empty(1);
    writer.End();
  }
  writer.End();
  const auto length = static_cast<uint32_t>(to.size() - before);
  to.Append(&length, sizeof length);
  to.Append(kParquetMagic);
}

}  // namespace sluice
