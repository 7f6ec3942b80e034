#include "config/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "config/codes.h"
#include "config/source_text.h"
#include "config/yaml_layout.h"
#include "config/yaml_syntax.h"
#include "core/text.h"

namespace sluice {
namespace {

constexpr size_t kMaxDepth = 32;

// A map or list that is still open.
struct Frame {
  Node node;
  std::optional<Node> key;                // of a map: read, its value not yet
  std::map<std::string, int> first_line;  // of a map: its keys
  bool flow = false;
};

// Builds the tree from yaml-cpp's events. Marks count lines and bytes from 0.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const SourceText& source, std::vector<Diagnostic>& found)
      : source_(source), found_(found) {}

  std::optional<Node> root;

  // Where the outermost `[` or `{` that is still open stands, and what was read before an error.
  ReadSoFar SoFar() const {
    ReadSoFar so_far{last_, std::nullopt};
    for (const auto& frame : open_) {
      if (frame.flow) so_far.open_bracket = frame.node.place;
    }
    return so_far;
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    Node node = At(mark);
    const std::string_view rest = source_.Line(node.place.line).substr(ByteOf(mark));
    for (const std::string_view word : {"null", "Null", "NULL", "~"}) {
      if (!rest.starts_with(word)) continue;
      const std::string_view after = rest.substr(word.size());
      if (!after.empty() && std::string_view(" \t,]}").find(after[0]) == std::string_view::npos) {
        continue;
      }
      node.text = word;
      node.length = static_cast<int>(word.size());
    }
    if (node.text.empty()) node.place = {};
    Add(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Node node = At(mark);
    node.length = WordLength(mark);
    Refuse(node, "an alias (`*`) is not supported", "write the value out");
    Add(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = At(mark);
    node.kind = NodeKind::kText;
    node.text = value;
    ScalarLayout layout = LayoutOf(source_, node.place.line, ByteOf(mark), value);
    node.length = layout.length;
    node.lines = std::move(layout.lines);
    node.folded = layout.folded;
    CheckProperties(mark, node, tag, anchor);
    Add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    Open(mark, NodeKind::kList, tag, anchor, style);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    Open(mark, NodeKind::kMap, tag, anchor, style);
  }
  void OnMapEnd() override { Close(); }

 private:
  static size_t ByteOf(const YAML::Mark& mark) {
    return static_cast<size_t>(std::max(mark.column, 0));
  }

  Node At(const YAML::Mark& mark) {
    Node node;
    node.place = source_.At(mark.line + 1, ByteOf(mark));
    last_ = node.place;
    return node;
  }

  int WordLength(const YAML::Mark& mark) const {
    const std::string_view rest = source_.Line(mark.line + 1).substr(ByteOf(mark));
    return CountCharacters(rest.substr(0, rest.find_first_of(" ,]}")));
  }

  void Report(Diagnostic problem) {
    if (found_.size() < kMostProblems) found_.push_back(std::move(problem));
  }

  void Refuse(Node& node, std::string message, std::string help) {
    node.broken = true;
    Report({.code = std::string(codes::kYamlFeature),
            .message = std::move(message),
            .place = node.place,
            .length = node.length,
            .help = std::move(help)});
  }

  // The mark of a value with an anchor or a tag is that of the anchor or tag.
  void CheckProperties(const YAML::Mark& mark, Node& node, const std::string& tag,
                       YAML::anchor_t anchor) {
    const bool tagged = !tag.empty() && tag != "?" && tag != "!";
    if (anchor == 0 && !tagged) return;
    node.length = WordLength(mark);
    if (tagged) {
      Refuse(node, "a tag (`!`) is not supported",
             "leave it out; text that begins with `!` needs quotes");
    } else {
      Refuse(node, "an anchor (`&`) is not supported",
             "write the value out where it is needed; text that begins with `&` needs quotes");
    }
  }

  void Open(const YAML::Mark& mark, NodeKind kind, const std::string& tag, YAML::anchor_t anchor,
            YAML::EmitterStyle::value style) {
    Frame frame{At(mark), std::nullopt, {}, style == YAML::EmitterStyle::Flow};
    frame.node.kind = kind;
    frame.node.length = frame.flow ? 1 : WordLength(mark);
    CheckProperties(mark, frame.node, tag, anchor);
    open_.push_back(std::move(frame));
    if (open_.size() == kMaxDepth + 1) ReportDepth(open_.back().node);
  }

  void ReportDepth(Node& node) {
    node.broken = true;
    Report({.code = std::string(codes::kTooDeep),
            .message = fmt::format("nested more than {} levels deep", kMaxDepth),
            .place = node.place,
            .length = 1});
  }

  void Close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    Add(std::move(node));
  }

  void Add(Node node) {
    if (open_.empty()) {
      root = std::move(node);
    } else if (Frame& frame = open_.back(); frame.node.kind == NodeKind::kList) {
      frame.node.children.push_back(std::move(node));
    } else if (!frame.key) {
      AddKey(frame, std::move(node));
    } else {
      AddValue(frame, std::move(node));
    }
  }

  void AddKey(Frame& frame, Node key) {
    if (key.kind != NodeKind::kText && !key.broken) {
      if (key.place.line == 0) key.place = last_;
      Refuse(key, "a key must be text", "put it in quotes: `\"…\": value`");
    }
    if (key.text == "<<" && !key.broken) {
      Refuse(key, "a merge (`<<`) is not supported", "write the keys out");
    }
    frame.key = std::move(key);
  }

  void AddValue(Frame& frame, Node value) {
    const Node key = *std::exchange(frame.key, std::nullopt);
    if (value.kind == NodeKind::kNull && value.text.empty() && !value.broken) {
      value.place = key.place;
      value.length = key.length;
    }
    value.key = key.text;
    value.key_place = key.place;
    value.key_length = key.length;
    value.broken = value.broken || key.broken;
    for (auto& child : value.children) {
      if (value.kind == NodeKind::kList) child.key = key.text;
    }
    if (key.broken || IsFirst(frame, key)) frame.node.children.push_back(std::move(value));
  }

  bool IsFirst(Frame& frame, const Node& key) {
    const auto [entry, first] = frame.first_line.try_emplace(key.text, key.place.line);
    if (first) return true;
    Report({.code = std::string(codes::kDuplicateKey),
            .message = fmt::format("key `{}` is given twice", EscapeControl(key.text)),
            .place = key.place,
            .length = key.length,
            .label = fmt::format("first given on line {}", entry->second)});
    return false;
  }

  const SourceText& source_;
  std::vector<Diagnostic>& found_;
  std::vector<Frame> open_;
  Place last_;
};

Diagnostic SecondDocument(const SourceText& source, Place place) {
  for (int line = place.line; line > 0 && line >= place.line - 1; --line) {
    if (!source.Line(line).starts_with("---")) continue;
    return {.code = std::string(codes::kYamlFeature),
            .message = "more than one document in the file",
            .place = {line, 1},
            .length = 3,
            .help = "one file is one pipeline: move the rest to a file of its own"};
  }
  return {.code = std::string(codes::kYamlSyntax),
          .message = "this does not belong to what stands above it",
          .place = place,
          .help = "a file is either keys (`name: value`) or a list (`- value`), not both"};
}

}  // namespace

std::optional<Node> ParseYaml(std::string_view text, std::vector<Diagnostic>& found) {
  const SourceText source(text);
  TreeBuilder builder(source, found);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    auto root = std::exchange(builder.root, std::nullopt);
    if (!root) return Node{};
    std::vector<Diagnostic> unused;
    TreeBuilder rest(source, unused);
    if (parser.HandleNextDocument(rest)) {
      found.push_back(SecondDocument(source, rest.root ? rest.root->place : root->place));
    }
    return root;
  } catch (const YAML::DeepRecursion& error) {
    found.push_back({.code = std::string(codes::kTooDeep),
                     .message = "nested far too deep",
                     .place = source.At(error.mark.line + 1, 0)});
  } catch (const YAML::Exception& error) {
    const auto byte = static_cast<size_t>(std::max(error.mark.column, 0));
    found.push_back(
        SyntaxProblem(source, source.At(error.mark.line + 1, byte), error.msg, builder.SoFar()));
  }
  return std::nullopt;
}

}  // namespace sluice
