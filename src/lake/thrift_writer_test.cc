#include "lake/thrift_writer.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

using namespace std::string_literals;

TEST(ThriftWriterTest, VarintsHaveSevenBitsAByte) {
  ByteBuffer bytes;
  for (const uint64_t value :
       {uint64_t{0}, uint64_t{127}, uint64_t{128}, uint64_t{300}, UINT64_MAX}) {
    AppendVarint(value, bytes);
  }
  EXPECT_EQ(bytes.view(), "\0\x7F\x80\x01\xAC\x02\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"s);
}

TEST(ThriftWriterTest, FieldsAreHeadedByTheirDistanceAndType) {
  ByteBuffer bytes;
  ThriftWriter writer(bytes);
  writer.I32(1, -1);
  writer.I64(4, 2);
  writer.Bool(5, true);
  writer.Bool(6, false);
  writer.Binary(8, "ab");
  writer.I16(30, 3);  // too far for the short form
  writer.End();
  EXPECT_EQ(bytes.view(),
            "\x15\x01\x36\x04\x11\x12\x28\x02"
            "ab\x04\x3C\x06\0"s);
}

TEST(ThriftWriterTest, StructsCountTheirOwnFields) {
  ByteBuffer bytes;
  ThriftWriter writer(bytes);
  writer.Begin(3);
  writer.I32(1, 1);
  writer.Empty(2);
  writer.End();
  writer.I32(4, 1);
  writer.End();
  EXPECT_EQ(bytes.view(), "\x3C\x15\x02\x1C\0\0\x15\x02\0"s);
}

TEST(ThriftWriterTest, ListsSayHowManyThereAre) {
  ByteBuffer bytes;
  ThriftWriter writer(bytes);
  writer.List(1, ThriftType::kI32, 2);
  writer.ElementI32(1);
  writer.ElementI32(-2);
  writer.List(2, ThriftType::kBinary, 15);
  EXPECT_EQ(bytes.view(), "\x19\x25\x02\x03\x19\xF8\x0F"s);
}

}  // namespace
}  // namespace sluice
