package cli

import (
	"fmt"
	"io"
	"strings"
)

// printCompletion writes a script that makes a shell complete the options of
// mpiexec, their values, and after them the program.
func printCompletion(w io.Writer, shell string) error {
	var b strings.Builder
	switch shell {
	case "bash":
		completeBash(&b)
	case "zsh":
		completeZsh(&b)
	case "fish":
		completeFish(&b)
	default:
		return usagef("--completion %s: the shells are bash, zsh and fish", shell)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// eachName calls f for every name of every option that is shown.
func eachName(f func(name string, o *option)) {
	for i := range options {
		if options[i].help == "" {
			continue
		}
		for _, n := range options[i].names {
			if n != "?" {
				f(n, &options[i])
			}
		}
	}
}

func completeBash(b *strings.Builder) {
	var names, cases []string
	eachName(func(name string, o *option) {
		names = append(names, dashed(name))
		var what string
		switch {
		case len(o.choice) == 1 && o.choice[0] == "file":
			what = `COMPREPLY=($(compgen -f -- "$cur"))`
		case len(o.choice) == 1 && o.choice[0] == "dir":
			what = `COMPREPLY=($(compgen -d -- "$cur"))`
		case len(o.choice) > 0:
			what = fmt.Sprintf(`COMPREPLY=($(compgen -W %q -- "$cur"))`, strings.Join(o.choice, " "))
		case o.values != "":
			what = "COMPREPLY=()"
		default:
			return
		}
		cases = append(cases, fmt.Sprintf("\t-%s|--%s) %s; return ;;\n", name, name, what))
	})
	fmt.Fprintf(b, `# bash completion for mpiexec; use: source <(mpiexec --completion bash)
_ringo_mpiexec() {
	local cur prev
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD-1]}
	case $prev in
%s	esac
	case $cur in
	-*) COMPREPLY=($(compgen -W %q -- "$cur")) ;;
	*) COMPREPLY=($(compgen -c -f -- "$cur")) ;;
	esac
}
complete -o filenames -F _ringo_mpiexec mpiexec
`, strings.Join(cases, ""), strings.Join(names, " "))
}

func completeZsh(b *strings.Builder) {
	b.WriteString("#compdef mpiexec\n# zsh completion for mpiexec; use: source <(mpiexec --completion zsh)\n_ringo_mpiexec() {\n\t_arguments \\\n")
	quote := strings.NewReplacer("'", "", "[", "(", "]", ")", ":", " ")
	eachName(func(name string, o *option) {
		fmt.Fprintf(b, "\t\t'*%s[%s]", dashed(name), quote.Replace(o.help))
		for _, v := range strings.Fields(o.values) {
			fmt.Fprintf(b, ":%s:", quote.Replace(v))
			switch {
			case len(o.choice) == 1 && o.choice[0] == "file":
				b.WriteString("_files")
			case len(o.choice) == 1 && o.choice[0] == "dir":
				b.WriteString("_files -/")
			case len(o.choice) > 0:
				fmt.Fprintf(b, "(%s)", quote.Replace(strings.Join(o.choice, " ")))
			}
		}
		b.WriteString("' \\\n")
	})
	b.WriteString("\t\t'*::program:_normal'\n}\ncompdef _ringo_mpiexec mpiexec\n")
}

func completeFish(b *strings.Builder) {
	b.WriteString("# fish completion for mpiexec; use: mpiexec --completion fish | source\n")
	quote := strings.NewReplacer("'", `\'`, `\`, `\\`)
	eachName(func(name string, o *option) {
		fmt.Fprintf(b, "complete -c mpiexec -o %s -d '%s'", name, quote.Replace(o.help))
		switch {
		case len(o.choice) == 1 && (o.choice[0] == "file" || o.choice[0] == "dir"):
			b.WriteString(" -r -F")
		case len(o.choice) > 0:
			fmt.Fprintf(b, " -x -a '%s'", quote.Replace(strings.Join(o.choice, " ")))
		case o.values != "":
			b.WriteString(" -x")
		}
		b.WriteByte('\n')
	})
}
