#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

// Instead of libFuzzer: how much of the thread's time the longest input takes. `weft-measure-X FOLDER...`
// runs every file of the folders as it is, repeated to 64 KiB, and its beginnings repeated, which makes lists
// and nesting of whatever the file holds. More than 20 ms would hold a loop and all who wait for it: exit 1.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kBytesMax = 64u << 10;  // larger texts are read off the loop (rt::kInlineBytesMax)

double once_ms(const std::string& text) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    const std::clock_t start = std::clock();
    LLVMFuzzerTestOneInput(bytes, text.size());
    return 1e3 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

/// The least of up to five: on a busy machine a cold cache costs as much as the work.
double least_ms(const std::string& text, double enough) {
    double least = once_ms(text);
    for (int i = 0; i < 4 && least > enough; ++i) least = std::min(least, once_ms(text));
    return least;
}

std::string repeated(const std::string& part) {
    std::string out;
    while (!part.empty() && out.size() + part.size() <= kBytesMax) out += part;
    return out;
}

/// The file, and what its parts make when they are many.
std::vector<std::string> inputs_of(const std::string& text) {
    std::vector<std::string> out{text, repeated(text)};
    constexpr std::size_t kBeginnings = 24;
    for (std::size_t i = 1; i <= kBeginnings; ++i) out.push_back(repeated(text.substr(0, i)));
    for (std::size_t i = 1; i <= kBeginnings; ++i) {
        const std::size_t at = text.size() * i / (kBeginnings + 1);
        out.push_back(repeated(text.substr(at, 7)));
        out.push_back(text.substr(0, at) + repeated(text.substr(at, 3)));
    }
    return out;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) return 2;
    const double most = std::stod(arguments[1]);
    std::size_t inputs = 0;
    std::size_t slow = 0;
    double worst = 0;
    for (const auto& file : std::filesystem::directory_iterator(arguments[2])) {
        std::ifstream stream(file.path(), std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(stream), {}};
        for (const std::string& input : inputs_of(text)) {
            const double took = least_ms(input, most);
            ++inputs;
            worst = std::max(worst, took);
            if (took <= most) continue;
            ++slow;
            std::printf("%s: %.1f ms for \"%.60s...\"\n", file.path().c_str(), took, input.c_str());
        }
    }
    std::printf("%zu inputs, the longest took %.1f ms\n", inputs, worst);
    return slow == 0 && inputs > 0 ? 0 : 1;
}
