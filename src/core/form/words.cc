#include "core/form/detail/words.h"

#include <algorithm>
#include <charconv>

namespace weft::form {

namespace detail {

namespace {

struct Row {
    Word word;
    std::array<std::string_view, kLanguages.size()> texts;
};
// In the order of the enum.
constexpr std::array<Row, static_cast<std::size_t>(Word::kCount)> kWords{{
    {Word::kSend, {"Send", "Enviar"}},
    {Word::kRequiredNote, {"Entries with * are required.", "Los campos con * son obligatorios."}},
    {Word::kOptional, {"optional", "opcional"}},
    {Word::kChoose, {"Choose…", "Elija…"}},
    {Word::kOneWrong, {"One entry needs another look:", "Revise un campo:"}},
    {Word::kSomeWrong, {"{} entries need another look:", "Revise {} campos:"}},
    {Word::kTrapped,
     {"This looked as if a program had filled it in. Please look it over and send it again.",
      "Parece que lo ha rellenado un programa. Revíselo y envíelo de nuevo."}},
    {Word::kLeaveEmpty, {"Leave this empty", "Deje esto vacío"}},
    {Word::kTimesIn, {"Times are those of {}.", "Las horas son las de {}."}},
    {Word::kFillIn, {"Please fill this in.", "Rellene este campo."}},
    {Word::kPick, {"Please choose.", "Elija una opción."}},
    {Word::kAgree, {"Please tick this to go on.", "Marque esta casilla para continuar."}},
    {Word::kNotOffered, {"Please choose one of what is offered.", "Elija una de las opciones."}},
    {Word::kNumber, {"Enter a number", "Escriba un número"}},
    {Word::kWholeNumber, {"Enter a whole number", "Escriba un número entero"}},
    {Word::kEmail,
     {"Enter an email address, such as name@example.com.",
      "Escriba una dirección de correo, como nombre@example.com."}},
    {Word::kUrl,
     {"Enter a whole web address, such as https://example.com.",
      "Escriba una dirección web completa, como https://example.com."}},
    {Word::kDate, {"Enter a date (year-month-day).", "Escriba una fecha (año-mes-día)."}},
    {Word::kDateTime, {"Enter a date and a time.", "Escriba una fecha y una hora."}},
    {Word::kNotAccepted,
     {"This does not have the format that is asked for.", "Esto no tiene el formato que se pide."}},
    {Word::kRange, {"from {} to {}", "de {} a {}"}},
    {Word::kAtLeast, {"of at least {}", "de al menos {}"}},
    {Word::kAtMost, {"of at most {}", "de como máximo {}"}},
    {Word::kCharacters, {"Enter {} to {} characters.", "Escriba de {} a {} caracteres."}},
    {Word::kCharactersAtLeast, {"Enter at least {} characters.", "Escriba al menos {} caracteres."}},
    {Word::kCharactersAtMost, {"Enter at most {} characters.", "Escriba como máximo {} caracteres."}},
    {Word::kOptions, {"Choose {} to {}.", "Elija de {} a {}."}},
    {Word::kOptionsAtLeast, {"Choose at least {}.", "Elija al menos {}."}},
    {Word::kOptionsAtMost, {"Choose at most {}.", "Elija como máximo {}."}},
    {Word::kAccepted, {"Accepted: {}.", "Se aceptan: {}."}},
    {Word::kFileAtMost, {"At most {}.", "Como máximo, {}."}},
    {Word::kFilesAtMost, {"At most {} files of {} each.", "Como máximo, {} archivos de {} cada uno."}},
    {Word::kPickFile, {"Please choose a file.", "Elija un archivo."}},
    {Word::kFileTooLarge, {"A file is larger than {}.", "Un archivo ocupa más de {}."}},
    {Word::kFileWrongType, {"A file is of another kind.", "Un archivo es de otro tipo."}},
    {Word::kFilesTooMany, {"Choose at most {} files.", "Elija como máximo {} archivos."}},
    {Word::kFilesTooFew, {"Choose at least {} files.", "Elija al menos {} archivos."}},
    {Word::kFilesAgain, {"Please choose the files again.", "Elija de nuevo los archivos."}},
    {Word::kSentTitle, {"Thank you", "Gracias"}},
    {Word::kSentText, {"Your entries have been sent.", "Sus datos se han enviado."}},
    {Word::kUnknownTitle, {"No form here", "Aquí no hay ningún formulario"}},
    {Word::kUnknownText,
     {"Check the address. The form may have been closed.",
      "Compruebe la dirección. Puede que el formulario se haya cerrado."}},
    {Word::kInactiveTitle, {"This form is closed", "Este formulario está cerrado"}},
    {Word::kInactiveText, {"Nothing was sent.", "No se ha enviado nada."}},
    {Word::kTooManyTitle, {"Too many at once", "Demasiados envíos"}},
    {Word::kTooManyText,
     {"Nothing was sent. Wait a minute, go back and send it again.",
      "No se ha enviado nada. Espere un minuto, vuelva atrás y envíelo de nuevo."}},
    {Word::kTooLargeTitle, {"Too much text", "Demasiado texto"}},
    {Word::kTooLargeText,
     {"Nothing was sent. Go back and shorten your entries.",
      "No se ha enviado nada. Vuelva atrás y acorte los textos."}},
    {Word::kUnreadableTitle, {"This could not be read", "No se ha podido leer"}},
    {Word::kUnreadableText,
     {"Nothing was sent. Go back and send it again.",
      "No se ha enviado nada. Vuelva atrás y envíelo de nuevo."}},
    {Word::kUnavailableTitle, {"Not right now", "Ahora no es posible"}},
    {Word::kUnavailableText,
     {"Nothing was sent. Go back in a minute and send it again.",
      "No se ha enviado nada. Vuelva atrás dentro de un minuto y envíelo de nuevo."}},
}};
static_assert([] {
    for (std::size_t i = 0; i < kWords.size(); ++i)
        if (static_cast<std::size_t>(kWords[i].word) != i || kWords[i].texts.back().empty()) return false;
    return true;
}());

}  // namespace

std::string_view word(Word word, Language language) {
    return kWords[static_cast<std::size_t>(word)].texts[static_cast<std::size_t>(language)];
}

}  // namespace detail

Language language_of(std::string_view accept_language) {
    constexpr std::size_t kPartsMax = 32;
    Language best = Language::kEnglish;
    double best_weight = 0;
    for (std::size_t part = 0; part < kPartsMax && !accept_language.empty(); ++part) {
        const std::size_t end = std::min(accept_language.find(','), accept_language.size());
        std::string_view range = accept_language.substr(0, end);
        accept_language.remove_prefix(std::min(end + 1, accept_language.size()));
        range.remove_prefix(std::min(range.find_first_not_of(' '), range.size()));
        const std::size_t semicolon = std::min(range.find(';'), range.size());
        double weight = 1;
        if (const auto q = range.find("q=", semicolon); q != std::string_view::npos)
            std::from_chars(range.data() + q + 2, range.data() + range.size(), weight);
        const std::string_view tag = range.substr(0, std::min<std::size_t>(semicolon, 2));
        const auto known = std::ranges::find(kLanguages, tag);
        if (known == kLanguages.end() || weight <= best_weight) continue;
        best = static_cast<Language>(known - kLanguages.begin());
        best_weight = weight;
    }
    return best;
}

}  // namespace weft::form
