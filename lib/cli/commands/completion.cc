// runnel completion: a script that completes commands and options in a shell.

#include "cli/command.h"

namespace runnel::cli {
namespace {

struct Options {
  std::string shell;
};

std::string OptionNames(const CLI::App& app) {
  std::string names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames())
      names += " --" + name;
  }
  return names;
}

// One case per command, printed through `line`.
template <class Line>
void ForEachCommand(const CLI::App& root, Line line) {
  for (const CLI::App* command : root.get_subcommands([](const CLI::App*) { return true; })) {
    line(*command);
  }
}

void PrintBash(std::ostream& out, const CLI::App& root) {
  std::string commands;
  ForEachCommand(root, [&](const CLI::App& command) { commands += " " + command.get_name(); });
  out << "_runnel() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} words\n"
         "  case ${COMP_WORDS[COMP_CWORD-1]} in\n"
         "    --data-dir|--file|--from|--files)\n"
         "      COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n"
         "    --format) COMPREPLY=($(compgen -W 'text json' -- \"$current\")); return ;;\n"
         "  esac\n"
         "  case ${COMP_WORDS[1]} in\n";
  ForEachCommand(root, [&](const CLI::App& command) {
    out << "    " << command.get_name() << ") words='" << OptionNames(command) << "' ;;\n";
  });
  out << "    *) words='" << commands << OptionNames(root) << "' ;;\n"
      << "  esac\n"
         "  [ \"$COMP_CWORD\" = 1 ] && words='"
      << commands << OptionNames(root)
      << "'\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -F _runnel runnel\n";
}

void PrintZsh(std::ostream& out, const CLI::App& root) {
  out << "autoload -U +X bashcompinit && bashcompinit\n";
  PrintBash(out, root);
}

void PrintFish(std::ostream& out, const CLI::App& root) {
  ForEachCommand(root, [&](const CLI::App& command) {
    const std::string name = command.get_name();
    out << "complete -c runnel -n __fish_use_subcommand -f -a " << name << " -d '"
        << command.get_description() << "'\n";
    for (const CLI::Option* option : command.get_options()) {
      for (const std::string& option_name : option->get_lnames()) {
        out << "complete -c runnel -n '__fish_seen_subcommand_from " << name << "' -l "
            << option_name << '\n';
      }
    }
  });
}

int Run(Io& io, const CLI::App& root, const Options& options) {
  if (options.shell == "bash") PrintBash(io.out, root);
  if (options.shell == "zsh") PrintZsh(io.out, root);
  if (options.shell == "fish") PrintFish(io.out, root);
  return kSuccess;
}

}  // namespace

void AddCompletion(CLI::App& root, Action& action) {
  CLI::App* command = root.add_subcommand(
      "completion", "Print a completion script, e.g.: eval \"$(runnel completion bash)\"");
  auto options = std::make_shared<Options>();
  command->add_option("shell", options->shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([options, &action, &root] {
    action.run = [options, &root](Io& io) { return Run(io, root, *options); };
  });
}

}  // namespace runnel::cli
