// A drawing of memory as SVG.
#include <algorithm>
#include <cstdio>

#include "picture.hpp"
#include "text.hpp"

namespace tool {

namespace {

constexpr double cell_height = 30, letter = 7.3, left_margin = 16, index_height = 16, row_gap = 16, arc_height = 24;

const char *const colors[] = {"#b3261e", "#1858b8", "#1b7a3d", "#7b3fa0"};

std::string escaped(const std::string &text)
{
    std::string out;
    for (const char byte : text) {
        switch (byte) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        default: out += byte;
        }
    }
    return out;
}

std::string number(double value)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", value);
    std::string digits = text;
    if (digits.size() > 2 && digits.compare(digits.size() - 2, 2, ".0") == 0) digits.erase(digits.size() - 2);
    return digits;
}

class painter {
public:
    explicit painter(const picture &drawn) : drawn_(drawn) { measure(); }

    std::string paint()
    {
        std::string body;
        body += text_at(left_margin, 24, "title", drawn_.title);
        for (std::size_t i = 0; i < drawn_.lines.size(); i++) body += paint_line(i);
        for (const line &one : drawn_.lines) {
            for (std::size_t k = 0; k < one.cells.size(); k++) {
                if (one.cells[k].target) body += paint_pointer(static_cast<std::size_t>(&one - drawn_.lines.data()), k, *one.cells[k].target);
            }
        }
        for (const arrow &step : drawn_.arrows) body += paint_arrow(step);
        double y = bottom_;
        if (!drawn_.sample_bytes.empty()) body += paint_sample(y);
        for (const std::string &note : drawn_.notes) body += text_at(left_margin, y += 20, "note", note);
        const double width = std::max(right_ + 24, left_margin + letter * 1.1 * static_cast<double>(width_of(drawn_.title)) + 24), height = y + 20;
        return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(width) + " " + number(height) + "\" width=\"" +
               number(width) + "\" height=\"" + number(height) + "\" role=\"img\">\n<title>" + escaped(drawn_.title) + "</title>\n" + style() +
               body + "</svg>\n";
    }

private:
    void measure()
    {
        for (const line &one : drawn_.lines) {
            labels_ = std::max(labels_, letter * static_cast<double>(width_of(one.label + grouped(one.at))) + 14);
            widths_.resize(std::max(widths_.size(), one.cells.size()), 0);
            for (std::size_t i = 0; i < one.cells.size(); i++) {
                const cell &part = one.cells[i];
                double width = 24;
                if (part.is == cell::kind::element || part.is == cell::kind::pointer) {
                    const std::size_t under = part.span > 1 ? 0 : width_of(indices(part));
                    width = std::max(46.0, letter * static_cast<double>(std::max({width_of(part.text), width_of(part.name), under})) + 14);
                } else if (part.is == cell::kind::padding) {
                    width = std::clamp(letter * static_cast<double>(part.size), 18.0, 46.0);
                }
                widths_[i] = std::max(widths_[i], width);
            }
        }
        double y = 44;
        std::vector<std::string> names;
        for (std::size_t i = 0; i < drawn_.lines.size(); i++) {
            const line &one = drawn_.lines[i];
            // A pointer that has a line stands beside what it leads to, which is below.
            const bool is_beside = one.cells.size() == 1 && one.cells[0].target;
            std::optional<std::size_t> pointer;
            for (std::size_t k = 0; k < i; k++) {
                if (drawn_.lines[k].cells.size() == 1 && drawn_.lines[k].cells[0].target == i) pointer = k;
            }
            if (one.is_after_gap || (pointer && drawn_.lines[*pointer].is_after_gap)) y += is_beside ? 0 : 20;
            for (const arrow &step : drawn_.arrows) {
                if (step.start.line == i && step.end.line == i) y += arc_height;
            }
            std::vector<std::string> own;
            for (const cell &part : one.cells) own.push_back(part.name);
            const bool is_named = own != names && std::any_of(own.begin(), own.end(), [](const std::string &name) { return !name.empty(); });
            has_names_.push_back(is_named);
            names = own;
            if (is_named) y += 14;
            tops_.push_back(y);
            lefts_.push_back(left_margin + labels_ + (pointer ? widths_[0] + 64 + labels_ : 0));
            if (pointer) tops_[*pointer] = y;
            if (!is_beside) y += cell_height + index_height * static_cast<double>(one.lanes) + row_gap;
            right_ = std::max(right_, left_of(i, one.cells.size()));
        }
        bottom_ = y + 4;
    }

    static std::string style()
    {
        return "<style>\n"
               "svg { background: #fff; font: 12px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; }\n"
               "text { fill: #222; } .title { font-weight: bold; } .offset, .name, .note { fill: #555; font-size: 11px; }\n"
               ".cell { fill: #f1f1f1; stroke: #888; } .viewed { fill: #d6e6fb; stroke: #1858b8; } .pointer { fill: #fdf0c4; stroke: #a67c00; }\n"
               ".index { fill: #1858b8; font-size: 11px; } .middle { text-anchor: middle; } .end { text-anchor: end; } .unviewed { fill: #777; }\n"
               ".bracket, .way { fill: none; } .bracket { stroke: #1858b8; } .way { stroke-width: 1.6; }\n"
               "</style>\n<defs>\n"
               "<pattern id=\"padding\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><path d=\"M0,6 6,0\" stroke=\"#aaa\"/></pattern>\n" +
               heads() + "</defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
    }

    static std::string heads()
    {
        std::string text;
        int i = 0;
        for (const char *color : {colors[0], colors[1], colors[2], colors[3], "#a67c00"}) {
            text += "<marker id=\"head" + std::to_string(i++) +
                    "\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"6\" markerHeight=\"6\" orient=\"auto\"><path d=\"M0,0 8,4 0,8z\" fill=\"" +
                    color + "\"/></marker>\n";
        }
        return text;
    }

    static std::string text_at(double x, double y, const std::string &classes, const std::string &text, const std::string &extra = "")
    {
        return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" class=\"" + classes + "\"" + extra + ">" + escaped(text) + "</text>\n";
    }

    static std::string indices(const cell &part)
    {
        std::string text;
        for (const std::string &one : part.indices) text += (text.empty() ? "" : " ") + one;
        return part.more > 0 ? text + " +" + grouped(part.more) : text;
    }

    double left_of(std::size_t line, std::size_t column) const
    {
        double x = lefts_[line];
        for (std::size_t i = 0; i < column; i++) x += widths_[i];
        return x;
    }

    double middle_of(const place &at) const { return left_of(at.line, at.cell) + widths_[at.cell] / 2; }

    std::string paint_line(std::size_t i) const
    {
        const line &one = drawn_.lines[i];
        const double y = tops_[i];
        std::string out;
        if (one.is_after_gap) out += text_at(left_of(i, 0) + 6, y - (has_names_[i] ? 30 : 16), "offset", "\xe2\x8b\xae");
        out += text_at(left_of(i, 0) - 8, y + 20, "offset end", one.label + grouped(one.at));
        for (std::size_t k = 0; k < one.cells.size(); k++) {
            const cell &part = one.cells[k];
            const double x = left_of(i, k), width = widths_[k];
            const auto box = [&](const std::string &attributes) {
                return "<rect x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" + number(width) + "\" height=\"" + number(cell_height) +
                       "\" " + attributes + "/>\n";
            };
            if (part.is == cell::kind::hidden) {
                out += text_at(x + width / 2, y + 19, "middle offset", "\xe2\x80\xa6");
            } else if (part.is == cell::kind::padding) {
                out += box("fill=\"url(#padding)\" stroke=\"#bbb\"");
            } else {
                const bool is_pointer = part.is == cell::kind::pointer;
                out += box(is_pointer ? "class=\"pointer\"" : part.is_viewed ? "class=\"viewed\"" : "class=\"cell\"");
                out += text_at(x + width / 2, y + 19, part.is_viewed || is_pointer ? "middle" : "middle unviewed", part.text);
            }
            if (has_names_[i] && !part.name.empty()) out += text_at(x + width / 2, y - 5, "middle name", part.name);
            const std::string index = indices(part);
            if (index.empty()) continue;
            const std::size_t span = part.span;
            const double end = left_of(i, k + span), under = y + cell_height + index_height * static_cast<double>(part.lane);
            if (span > 1) {
                out += "<path class=\"bracket\" d=\"M" + number(x + 2) + "," + number(under + 3) + "v3H" + number(end - 2) + "v-3\"/>\n";
            }
            out += text_at((x + end) / 2, under + (span > 1 ? 17 : 13), "middle index", index);
        }
        return out;
    }

    std::string way(const std::string &path, std::size_t color) const
    {
        const char *const stroke = color < 4 ? colors[color] : "#a67c00";
        return "<path class=\"way\" stroke=\"" + std::string(stroke) + "\" marker-end=\"url(#head" + std::to_string(color) + ")\" d=\"" + path + "\"/>\n";
    }

    std::string paint_arrow(const arrow &step) const
    {
        const std::size_t color = step.axis % 4;
        const std::string fill = std::string(" style=\"fill:") + colors[color] + "\"";
        const std::string name = "strides[" + std::to_string(step.axis) + "] = " + std::to_string(step.stride);
        const double start = middle_of(step.start), end = middle_of(step.end);
        if (step.start.line == step.end.line) {
            // Arcs above the line, those of further axes higher.
            double level = 0;
            for (const arrow &other : drawn_.arrows) {
                if (&other == &step) break;
                if (other.start.line == step.start.line && other.end.line == step.end.line) level += arc_height;
            }
            const double y = tops_[step.start.line] - (has_names_[step.start.line] ? 16 : 2), top = y - level - 14;
            const double shift = start == end ? 9 : 0;
            const std::string path = "M" + number(start - shift) + "," + number(y) + "C" + number(start - shift * 2) + "," + number(top - 4) + " " +
                                     number(end + shift * 2) + "," + number(top - 4) + " " + number(end + shift) + "," + number(y);
            return way(path, color) + text_at(std::max(start, end) + shift + 6, top + 4, "index", name, fill);
        }
        const bool is_down = step.end.line > step.start.line;
        const double aside = 12 + 8 * static_cast<double>(step.axis % 3);
        const double from = tops_[step.start.line] + (is_down ? cell_height : 0), to = tops_[step.end.line] + (is_down ? 0 : cell_height);
        const double x1 = start + std::min(aside, widths_[step.start.cell] / 2 - 4), x2 = end + std::min(aside, widths_[step.end.cell] / 2 - 4);
        const double bend = (to - from) / 3;
        const std::string path = "M" + number(x1) + "," + number(from) + "C" + number(x1 + 8) + "," + number(from + bend) + " " + number(x2 + 8) + "," +
                                 number(to - bend) + " " + number(x2) + "," + number(to);
        return way(path, color) + text_at(std::max(x1, x2) + 12, is_down ? to - 4 : to + 30, "index", name, fill);
    }

    std::string paint_pointer(std::size_t from, std::size_t column, std::size_t to) const
    {
        const double y = tops_[from] + cell_height / 2, target = tops_[to] + cell_height / 2, end = left_of(to, 0) - 3 - labels_;
        const double x = left_of(from, column + 1) - 8, bend = (end - x) / 2;
        return way("M" + number(x) + "," + number(y) + "C" + number(x + bend) + "," + number(y) + " " + number(end - bend) + "," + number(target) + " " +
                       number(end) + "," + number(target), 4);
    }

    /** The bytes of the first number, from the first to the last in memory. */
    std::string paint_sample(double &y)
    {
        std::string out = text_at(left_margin, y += 16, "note", "byte order: " + drawn_.byte_order + ": " + drawn_.sample_index + " = " + drawn_.sample_value + " is");
        double x = left_margin;
        y += 8;
        for (const std::string &byte : drawn_.sample_bytes) {
            out += "<rect x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"28\" height=\"22\" class=\"viewed\"/>\n";
            out += text_at(x + 14, y + 15, "middle", byte);
            x += 28;
        }
        const bool is_little = drawn_.byte_order[0] == 'l';
        out += text_at(x + 8, y + 15, "note", is_little ? "the lowest byte is the first" : "the highest byte is the first");
        right_ = std::max(right_, x + 8 + letter * 30);
        y += 22;
        return out;
    }

    const picture &drawn_;
    std::vector<double> widths_, tops_, lefts_;
    std::vector<bool> has_names_;
    double labels_ = 0, right_ = 0, bottom_ = 0;
};

} // namespace

std::string as_svg(const picture &drawn) { return painter(drawn).paint(); }

} // namespace tool
