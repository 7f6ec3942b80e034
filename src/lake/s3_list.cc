#include "lake/s3_list.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <optional>

#include "core/text.h"
#include "lake/s3_xml.h"

namespace sluice {
namespace {

constexpr int64_t kMaxPageBytes = 16 << 20;

std::optional<int64_t> Number(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// `%41` and, as forms have it, `+` for a blank.
std::string DecodeForm(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    uint8_t byte = 0;
    const bool coded = text[i] == '%' && i + 2 < text.size() &&
                       std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr ==
                           text.data() + i + 3;
    if (coded) {
      decoded += static_cast<char>(byte);
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

std::unexpected<Error> Odd(std::string_view what) {
  return Fail(ErrorKind::kFatal, fmt::format("the S3 store's list is odd: {}", what));
}

}  // namespace

S3Request ListRequest(const S3Place& folder, const std::string& token, int max_keys) {
  S3Request request{.method = "GET",
                    .place = {folder.bucket, ""},
                    .query = {{"list-type", "2"},
                              {"encoding-type", "url"},
                              {"max-keys", std::to_string(max_keys)}},
                    .max_reply_bytes = kMaxPageBytes};
  if (!folder.key.empty()) request.query.emplace_back("prefix", folder.key + "/");
  if (!token.empty()) request.query.emplace_back("continuation-token", token);
  return request;
}

Result<ListPage> ParseList(std::string_view xml, const std::string& bucket) {
  const auto list = XmlElement(xml, "ListBucketResult");
  if (!list) return Odd("it is no ListBucketResult");
  const bool is_coded = XmlText(*list, "EncodingType") == "url";
  ListPage page;
  for (const std::string_view object : XmlElements(*list, "Contents")) {
    std::string key = XmlText(object, "Key");
    if (is_coded) key = DecodeForm(key);
    if (key.ends_with('/')) continue;
    const auto size = Number(XmlText(object, "Size"));
    const auto modified = ParseS3Time(XmlText(object, "LastModified"));
    if (key.empty() || !size || !modified) return Odd("an object lacks key, size or time");
    page.objects.push_back({RemotePath{fmt::format("s3://{}/{}", bucket, key)}, *size, *modified});
  }
  if (XmlText(*list, "IsTruncated") != "true") return page;
  page.next = XmlText(*list, "NextContinuationToken");
  if (page.next.empty()) return Odd("a page goes on, but does not say where");
  return page;
}

std::optional<int64_t> ParseS3Time(std::string_view text) {
  // 0123-56-89T12:45:78.012Z
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':' || !text.ends_with('Z')) {
    return std::nullopt;
  }
  const auto year = Number(text.substr(0, 4)), month = Number(text.substr(5, 2)),
             day = Number(text.substr(8, 2)), hour = Number(text.substr(11, 2)),
             minute = Number(text.substr(14, 2)), second = Number(text.substr(17, 2));
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  int64_t ms = 0;
  if (text[19] == '.') {
    std::string fraction(text.substr(20, text.size() - 21));
    fraction.resize(3, '0');
    const auto parsed = Number(fraction);
    if (!parsed) return std::nullopt;
    ms = *parsed;
  }
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(days).count() +
         ((*hour * 60 + *minute) * 60 + *second) * 1'000 + ms;
}

}  // namespace sluice
