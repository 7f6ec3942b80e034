#include "decode/json_walker.h"

#include <algorithm>
#include <utility>

#include "decode/json_string.h"

namespace sluice::json {
namespace {

constexpr size_t kPairwiseKeys = 16;

}  // namespace

void JsonWalker::Start(const JsonIndex& index, JsonIndex::Outcome outcome, std::string_view text) {
  text_ = text;
  token_ = index.positions();
  end_ = token_ + index.count();
  depth_ = 0;
  ends_broken_ = outcome == JsonIndex::Outcome::kBrokenString;
  broken_string_ = index.fault_position();
  has_escapes_ = std::memchr(text.data(), '\\', text.size()) != nullptr;
  field_ = nullptr;
  broken_.reason = {};
  refused_.reason = {};
  nan_as_null_ = 0;
  keys_.clear();
  edits_.clear();
  if (!has_escapes_) return;
  key_bytes_.clear();
  key_bytes_.reserve(text.size());
}

size_t JsonWalker::EndOfTaken() const {
  size_t end = *token_;
  while (IsBlank(text_[end - 1])) --end;
  return end;
}

bool JsonWalker::Broken(std::string_view reason, size_t position, std::string detail) {
  broken_ = {reason, position, {}, std::move(detail)};
  return false;
}

bool JsonWalker::Expected(std::string_view what) {
  if (token_ != end_) {
    return Broken("json_syntax", position(),
                  fmt::format("expected {} at byte {}, found {}", what, position(),
                              Snippet(text_, position())));
  }
  if (!ends_broken_) {
    return Broken(
        "json_syntax", text_.size(),
        fmt::format("the record ends at byte {}, where {} must follow", text_.size(), what));
  }
  const bool control = text_[broken_string_] != '"';
  return Broken(
      "json_syntax", broken_string_,
      fmt::format("{} at byte {}: {}",
                  control ? "a control byte within a string" : "a string without an end begins",
                  broken_string_, Snippet(text_, broken_string_)));
}

bool JsonWalker::Finish() {
  if (token_ == end_ && !ends_broken_) return true;
  const size_t end = EndOfTaken();
  return Broken("trailing_data", position(),
                fmt::format("the JSON value ends at byte {}, but {} follows", end,
                            Snippet(text_, position())));
}

bool JsonWalker::Enter() {
  if (depth_ >= options_.max_depth) {
    return Broken(
        "nesting_too_deep", position(),
        fmt::format("more than {} levels (max_depth) at byte {}", options_.max_depth, position()));
  }
  ++depth_;
  ++token_;
  return true;
}

JsonWalker::Step JsonWalker::ExpectedAtKey(std::string_view what) {
  Expected(what);
  return Step::kBroken;
}

bool JsonWalker::CheckName(Key* key) {
  if (key->name.find('\\') != std::string_view::npos) {
    const size_t begin = key_bytes_.size();
    const std::string_view raw = key->name;
    size_t size = 0;
    key_bytes_.resize(begin + raw.size());
    if (!TakeEscapes(raw, key_bytes_.data() + begin, &size)) return false;
    key_bytes_.resize(begin + size);
    key->name = std::string_view(key_bytes_).substr(begin);
  }
  if (key->name.size() <= static_cast<size_t>(options_.max_field_name_bytes)) return true;
  return Broken("field_name_too_long", key->position,
                fmt::format("a name of {} bytes at byte {}; max_field_name_bytes is {}",
                            key->name.size(), key->position, options_.max_field_name_bytes));
}

JsonWalker::Step JsonWalker::NextElement(bool first) {
  if (Peek() == ']') {
    ++token_;
    --depth_;
    return Step::kEnd;
  }
  if (first) return Step::kMember;
  if (Peek() != ',') {
    Expected("`,` or `]`");
    return Step::kBroken;
  }
  ++token_;
  return Step::kMember;
}

bool JsonWalker::EndsScalar(size_t end) const {
  return end == token_[1] || IsBlank(text_[end]);
}

bool JsonWalker::TakeLongNumber(Number* number) {
  const char* fault = nullptr;
  const char* const end =
      ScanNumber(text_.data() + *token_, text_.data() + token_[1], number, &fault);
  const bool whole = end != nullptr && EndsScalar(static_cast<size_t>(end - text_.data()));
  if (!whole) {
    return Broken("json_syntax", position(),
                  fmt::format("no number by JSON's rules at byte {}: {}", position(),
                              Snippet(text_, position())));
  }
  ++token_;
  return true;
}

bool JsonWalker::TakeLiteral(std::string_view word) {
  const size_t begin = *token_;
  const size_t end = begin + word.size();
  if (end > token_[1] || text_.compare(begin, word.size(), word) != 0 || !EndsScalar(end)) {
    return Expected("a value");
  }
  ++token_;
  return true;
}

JsonWalker::Special JsonWalker::TakeSpecial() {
  constexpr std::pair<std::string_view, Special> kSpecials[] = {
      {"NaN", Special::kNan},
      {"Infinity", Special::kInfinity},
      {"-Infinity", Special::kMinusInfinity}};
  if (token_ == end_) return Special::kNone;
  const std::string_view token = text_.substr(*token_, token_[1] - *token_);
  for (const auto& [word, special] : kSpecials) {
    if (!token.starts_with(word) || !EndsScalar(*token_ + word.size())) continue;
    ++token_;
    return special;
  }
  return Special::kNone;
}

bool JsonWalker::TooManyFields(const Key& key) {
  return Broken("too_many_fields", key.position,
                fmt::format("an object has more than {} fields (max_fields) at byte {}",
                            options_.max_fields, key.position));
}

void JsonWalker::RefuseDuplicates(size_t mark) {
  const auto begin = keys_.begin() + static_cast<std::ptrdiff_t>(mark);
  const FieldPath* const object = field_;
  const auto refuse = [&](const Key& again) {
    const FieldPath path{object, again.name};
    field_ = &path;
    Refuse("duplicate_key", again.position, "the field {} is there again at byte {}",
           Snippet(again.name, 0), again.position);
    field_ = object;
  };
  if (keys_.size() - mark <= kPairwiseKeys) {
    for (auto key = begin; key != keys_.end(); ++key) {
      for (auto other = begin; other != key; ++other) {
        if (other->name == key->name) refuse(*key);
      }
    }
  } else {
    std::sort(begin, keys_.end(), [](const Key& a, const Key& b) {
      if (a.name.size() != b.name.size()) return a.name.size() < b.name.size();
      const int order = a.name.compare(b.name);
      return order != 0 ? order < 0 : a.position < b.position;
    });
    for (auto key = begin + 1; key != keys_.end(); ++key) {
      if (key->name == (key - 1)->name) refuse(*key);
    }
  }
  keys_.resize(mark);
}

bool JsonWalker::TakeEscapes(std::string_view raw, char* to, size_t* size) {
  const Unescaped result = Unescape(raw, options_.strip_nul, to);
  const size_t position = Offset(raw) + result.position;
  *size = result.size;
  if (options_.strip_nul) EditNul(raw);
  switch (result.problem) {
    case Unescaped::Problem::kNone:
      return true;
    case Unescaped::Problem::kNul:
      Refuse("nul_character", position, "\\u0000 in a string at byte {}", position);
      return true;
    case Unescaped::Problem::kLoneSurrogate:
      Refuse("invalid_utf8", position, "half a surrogate pair at byte {}: {}", position,
             Snippet(text_, position));
      return true;
    case Unescaped::Problem::kBadEscape:
      return Broken(
          "json_syntax", position,
          fmt::format("no escape of JSON at byte {}: {}", position, Snippet(text_, position)));
  }
  return true;
}

bool JsonWalker::AllowSpecial(Special special, size_t position) {
  const auto policy = special == Special::kNan ? options_.nan : options_.infinity;
  const bool as_null = special == Special::kNan ? policy != NumberPolicy::kQuarantine
                                                : policy == NumberPolicy::kNull;
  if (!as_null) {
    Refuse("number_not_finite", position, "{} at byte {}", Snippet(text_, position), position);
    return false;
  }
  AddNullEdit(special, position);
  ++nan_as_null_;
  return true;
}

}  // namespace sluice::json
