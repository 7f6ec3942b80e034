#include "config/substitute.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "config/codes.h"
#include "config/secret_file.h"
#include "core/text.h"

namespace sluice {
namespace {

bool IsNameStart(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}
bool IsNameByte(char c) {
  return IsNameStart(c) || (c >= '0' && c <= '9');
}
bool IsName(std::string_view text) {
  return !text.empty() && IsNameStart(text[0]) && std::ranges::all_of(text, IsNameByte);
}

// One walk over one text.
class Walk {
 public:
  Walk(std::string_view text, const Substitution& how, std::vector<TextProblem>& problems)
      : text_(text), how_(how), problems_(problems) {}

  Text Run() {
    while (at_ < text_.size()) {
      if (text_[at_] == '$') {
        Dollar();
      } else {
        Take(text_.substr(at_, 1));
      }
    }
    return std::move(done_);
  }

 private:
  void Dollar() {
    const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (next == '$') {
      ++at_;
      Take("$");
    } else if (next == '{') {
      Reference();
    } else if (IsNameStart(next) && !how_.is_sql) {
      BareName();
    } else {
      Take("$");
    }
  }

  void Take(std::string_view own) {
    done_.value += own;
    done_.own += own;
    ++at_;
  }

  void BareName() {
    const auto* const end = std::find_if_not(text_.begin() + at_ + 1, text_.end(), IsNameByte);
    const std::string name(text_.begin() + at_ + 1, end);
    Problem(codes::kBadReference, name.size() + 1, fmt::format("`${}` lacks its braces", name),
            fmt::format("did you mean `${{{}}}`?", name), "write `$$` for a plain `$`");
    at_ += name.size() + 1;
  }

  void Reference() {
    const size_t end = text_.find('}', at_);
    if (end == std::string_view::npos) {
      Problem(codes::kBadReference, 2, "this `${` is never closed", "", "write `${NAME}`");
      at_ = text_.size();
      return;
    }
    const std::string_view inside = text_.substr(at_ + 2, end - at_ - 2);
    length_ = end + 1 - at_;
    if (inside.starts_with("file:")) {
      FileReference(inside.substr(5));
    } else {
      Variable(inside);
    }
    at_ = end + 1;
  }

  void FileReference(std::string_view path) {
    if (path.empty()) {
      return Problem(codes::kBadReference, length_, "`${file:…}` names no file", "",
                     "write the path of the file: `${file:/run/secrets/password}`");
    }
    FromFile(path, fmt::format("`{}`", EscapeControl(path)));
  }

  void FromFile(std::string_view path, std::string_view called) {
    const auto whole = std::filesystem::path(how_.folder) / path;
    auto secret = ReadSecretFile(whole.lexically_normal().string(), called, how_.insecure_files);
    if (!secret) {
      const bool exposed = secret.error().code == codes::kSecretFileExposed;
      return Problem(exposed ? codes::kSecretFileExposed : codes::kFileMissing, length_,
                     secret.error().message, "", secret.error().hint);
    }
    Replace(*secret);
  }

  void Replace(std::string_view value) {
    done_.value += value;
    done_.own += kReference;
    done_.replaced = true;
  }

  void Variable(std::string_view inside) {
    const size_t colon = inside.find(':');
    const std::string name(inside.substr(0, colon));
    std::optional<std::string_view> otherwise;
    if (colon != std::string_view::npos) otherwise = inside.substr(colon + 1);
    if (!IsName(name)) return BadName(name);
    if (otherwise && !IsGoodDefault(name, *otherwise)) return;

    const auto value = how_.environment.Get(name);
    const auto file = how_.environment.Get(name + "_FILE").value_or("");
    if (value && !(value->empty() && (otherwise || !file.empty()))) {
      Replace(*value);
      if (otherwise) done_.own.replace(done_.own.size() - 1, 1, *otherwise);
    } else if (!file.empty()) {
      FromFile(file, fmt::format("that `{}_FILE` names", name));
    } else if (otherwise) {
      done_.value += *otherwise;
      done_.own += *otherwise;
    } else {
      Undefined(name);
    }
  }

  void BadName(const std::string& name) {
    Problem(codes::kBadReference, length_,
            fmt::format("`{}` is not the name of a variable", EscapeControl(name)), "",
            "a name has letters, digits and `_`: `${KAFKA_BROKERS}`; write `$$` for a plain `$`");
  }

  bool IsGoodDefault(const std::string& name, std::string_view otherwise) {
    if (otherwise.starts_with('-')) {
      Problem(codes::kBadReference, length_, "a default follows `:`, not `:-`",
              fmt::format("did you mean `${{{}:{}}}`?", name, otherwise.substr(1)), "");
      return false;
    }
    if (otherwise.find("${") != std::string_view::npos) {
      Problem(codes::kBadReference, length_, "a default cannot hold another variable", "",
              "write the default out");
      return false;
    }
    return true;
  }

  void Undefined(const std::string& name) {
    const std::string nearest = Nearest(name, how_.environment.Names());
    Problem(
        codes::kUndefinedVariable, length_, fmt::format("variable `{}` is not defined", name),
        nearest.empty() ? "" : fmt::format("did you mean `${{{}}}`?", nearest),
        fmt::format("set it, or name a file with {0}_FILE, or give a default: `${{{0}:…}}`", name));
  }

  void Problem(std::string_view code, size_t length, std::string message, std::string label,
               std::string help) {
    problems_.push_back({code, at_, length, std::move(message), std::move(label), std::move(help)});
  }

  std::string_view text_;
  const Substitution& how_;
  std::vector<TextProblem>& problems_;
  Text done_;
  size_t at_ = 0;
  size_t length_ = 0;  // of the reference at hand
};

}  // namespace

Text Substitute(std::string_view text, const Substitution& how,
                std::vector<TextProblem>& problems) {
  return Walk(text, how, problems).Run();
}

}  // namespace sluice
