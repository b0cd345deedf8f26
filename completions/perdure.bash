# Completion of perdure for bash: source <(perdure completion bash)
#
# Bash breaks words at characters such as : and =. So the words are put together again by the blanks of the line; bash
# replaces only what follows the last break ($2), and what it keeps is cut off the candidates.

_perdure() {
  local line=$COMP_LINE blanks part i
  local -a words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    part=${COMP_WORDS[i]}
    blanks=${line%%[![:space:]]*}
    line=${line#"$blanks"}
    line=${line#"$part"}
    if [[ -z $blanks && $i -gt 0 ]]; then
      words[${#words[@]} - 1]+=$part
    else
      words+=("$part")
    fi
  done
  local word=${words[${#words[@]} - 1]#[\"\']}
  words[${#words[@]} - 1]=$word
  local kept=$((${#word} - ${#2})) before path

  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == ":path "* ]]; then
      before=${line#:path }
      compopt -o filenames 2>/dev/null
      while IFS= read -r path; do
        path=$before$path
        COMPREPLY+=("${path:kept}")
      done < <(compgen -f -- "${word#"$before"}")
    else
      line=${line%%$'\t'*}
      [[ $line == *[:@] ]] && compopt -o nospace 2>/dev/null
      COMPREPLY+=("${line:kept}")
    fi
  done < <("${words[0]/#\~/$HOME}" __complete -- "${words[@]:1}" 2>/dev/null)
}

complete -F _perdure perdure
