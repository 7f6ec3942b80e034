// The part of JsonWalker that checks values nobody asked for.
#include "decode/json_walker.h"

namespace sluice::json {

bool JsonWalker::SkipValue() {
  frames_.clear();
  do {
    bool entered = false;
    if (!BeginValue(&entered) || !AdvanceToValue(entered)) return false;
  } while (!frames_.empty());
  return true;
}

// Takes a scalar, or goes into an object or list.
bool JsonWalker::BeginValue(bool* entered) {
  const char first = Peek();
  switch (first) {
    case '{':
    case '[':
      *entered = true;
      frames_.push_back({first == '{', keys_.size()});
      return Enter();
    case '"':
      return CheckString();
    case 't':
      return TakeLiteral("true");
    case 'f':
      return TakeLiteral("false");
    case 'n':
      return TakeLiteral("null");
    default:
      return SkipNumber();
  }
}

// Goes out of all that ends here, up to the next value, or until no frame is left.
bool JsonWalker::AdvanceToValue(bool entered) {
  for (bool first = entered; !frames_.empty(); first = false) {
    const Frame frame = frames_.back();
    Key key;
    const Step step = frame.object ? NextKey(first, &key) : NextElement(first);
    if (step == Step::kBroken) return false;
    if (step == Step::kMember) {
      if (!frame.object) return true;
      NoteKey(key);
      return CheckFieldCount(keys_.size() - frame.key_base, key);
    }
    if (frame.object) CloseKeys(frame.key_base);
    frames_.pop_back();
  }
  return true;
}

bool JsonWalker::SkipNumber() {
  const char first = Peek();
  if (first == 'N' || first == 'I' || first == '-') {
    const size_t begin = position();
    const Special special = TakeSpecial();
    if (special != Special::kNone) {
      AllowSpecial(special, begin);
      return true;
    }
  }
  if (first != '-' && (first < '0' || first > '9')) return Expected("a value");
  Number number;
  return TakeNumber(&number);
}

void JsonWalker::AddNullEdit(Special special, size_t position) {
  const size_t size = special == Special::kNan ? 3 : special == Special::kInfinity ? 8 : 9;
  edits_.push_back({position, size, "null"});
}

bool JsonWalker::CheckString() {
  const std::string_view raw = TakeString();
  if (!has_escapes_ || raw.find('\\') == std::string_view::npos) return true;
  if (scratch_.size() < raw.size()) scratch_.resize(raw.size());
  size_t size = 0;
  return TakeEscapes(raw, scratch_.data(), &size);
}

// Notes each `\u0000` to be left out.
void JsonWalker::EditNul(std::string_view raw) {
  for (size_t at = raw.find('\\'); at != std::string_view::npos; at = raw.find('\\', at)) {
    if (raw.substr(at).starts_with("\\u0000")) edits_.push_back({Offset(raw) + at, 6, ""});
    at += 2;
  }
}

}  // namespace sluice::json
