# Completion of perdure for fish: perdure completion fish > ~/.config/fish/completions/perdure.fish

function __perdure_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l word (commandline --current-token --cut-at-cursor)
    set -l program $words[1]
    set -e words[1]
    for line in ($program __complete -- $words "$word" 2>/dev/null)
        if string match --quiet -- ':path *' $line
            set -l before (string sub --start 7 -- $line)
            set -l begun (string sub --start (math (string length -- "$before") + 1) -- "$word")
            for path in (__fish_complete_path "$begun")
                printf '%s\n' "$before$path"
            end
        else
            printf '%s\n' $line
        end
    end
end

complete --command perdure --no-files --arguments '(__perdure_complete)'
