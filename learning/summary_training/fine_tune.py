"""Fine-tuning a model that writes, with Hugging Face's Trainer: on transcripts and the summaries that people wanted."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from learning.fine_tuning import checkpoints
from learning.summary_training.recipe import SummaryRecipe
from learning.tasks.progress import Progress
from learning.writing import prompting
from learning.writing.language_model import STYLE_FILE, LanguageModel, has_bf16, load
from learning.writing.prompting import Style

if TYPE_CHECKING:
    from datasets import Dataset

CHECKPOINTS, MODEL = "checkpoints", "model"
LEAST_LAYERS_TRAINED = 1


@dataclass(frozen=True)
class Pair:
    """A transcript, as `prompting.transcript` makes it, and the summary that it should have."""

    transcript: str
    summary: str


@dataclass(frozen=True)
class TunedSummarizer:
    """What training made. `curve`: a row for each epoch."""

    folder: Path
    curve: list[dict[str, float]]
    seconds: float
    device: str


def fine_tune(
    source: str | None,
    pairs: Sequence[Pair],
    recipe: SummaryRecipe,
    folder: Path,
    threads: int,
    tell: Callable[[Progress], None],
    report_to: str = "none",
) -> TunedSummarizer:
    """Fine-tune the model `source` (a folder or hub name; None is the installed one) and save it in `folder`.

    Called again with the same arguments after it was stopped, it goes on from its last checkpoint. Raises
    LanguageModelNotFoundError.
    """
    import torch

    began = time.monotonic()
    tell(Progress("reading", 0.0))
    torch.manual_seed(recipe.seed)
    language_model = load(source, threads)
    style = _style(language_model.style)
    trained = _trainable(language_model.model, recipe)
    rows = _rows(language_model, style, pairs, recipe)
    kept = checkpoints.prepare(folder / CHECKPOINTS, _fingerprint(source, pairs, recipe))
    trainer = _trainer(language_model, trained, rows, recipe, kept, tell, report_to)
    trainer.train(resume_from_checkpoint=checkpoints.last(kept, ()))
    tell(Progress("saving", 0.97))
    _save(folder / MODEL, trained, language_model, style)
    shutil.rmtree(kept, ignore_errors=True)
    curve = [row for row in trainer.state.log_history if "loss" in row]
    return TunedSummarizer(folder / MODEL, curve, time.monotonic() - began, str(trainer.args.device))


def _style(style: Style) -> Style:
    """A model that was trained for it needs no examples any more."""
    return Style.TUNED if style is Style.EXAMPLES else style


def _fingerprint(source: str | None, pairs: Sequence[Pair], recipe: SummaryRecipe) -> str:
    about = [source, [asdict(pair) for pair in pairs], recipe.to_json()]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


def _trainable(model: Any, recipe: SummaryRecipe) -> Any:
    if recipe.lora_rank:
        from peft import LoraConfig, get_peft_model

        kind = "SEQ_2_SEQ_LM" if model.config.is_encoder_decoder else "CAUSAL_LM"
        config = LoraConfig(
            task_type=kind,
            r=recipe.lora_rank,
            lora_alpha=2 * recipe.lora_rank,
            target_modules="all-linear",
        )
        return get_peft_model(model, config)
    if recipe.frozen_share:
        _freeze(model, recipe.frozen_share)
    return model


def _freeze(model: Any, share: float) -> None:
    """Keep the embeddings and the lowest layers, of encoder and decoder each, as they are."""
    from torch import nn

    model.get_input_embeddings().requires_grad_(False)
    for stack in (one for one in model.modules() if isinstance(one, nn.ModuleList) and len(one) > 1):
        frozen = min(int(share * len(stack)), len(stack) - LEAST_LAYERS_TRAINED)
        for layer in list(stack)[:frozen]:
            layer.requires_grad_(False)


def _rows(with_model: LanguageModel, style: Style, pairs: Sequence[Pair], recipe: SummaryRecipe) -> Dataset:
    """Columns input_ids, attention_mask, labels and length; a transcript that is too long loses its middle."""
    from datasets import Dataset

    if not with_model.is_encoder_decoder:
        with_model.tokenizer.padding_side = "left"
    read = [_row(with_model, style, pair, recipe.max_tokens) for pair in pairs]
    return Dataset.from_list([{**row, "length": len(row["input_ids"])} for row in read])


def _row(with_model: LanguageModel, style: Style, pair: Pair, most: int) -> dict[str, list[int]]:
    from learning.summary_training.answer_trainer import IGNORED

    tokenizer = with_model.tokenizer
    prompt = prompting.build(style, pair.transcript, tokenizer, with_model.prefix)
    if with_model.is_encoder_decoder:
        source = tokenizer(prompt, truncation=True, max_length=most)["input_ids"]
        return {
            "input_ids": source,
            "attention_mask": [1] * len(source),
            "labels": tokenizer(text_target=pair.summary, truncation=True, max_length=most)["input_ids"],
        }
    adds = style is not Style.CHAT
    asked = tokenizer(prompt, add_special_tokens=adds)["input_ids"]
    if adds and asked and asked[-1] == tokenizer.eos_token_id:
        asked = asked[:-1]
    answer = tokenizer(f" {pair.summary.strip()}", add_special_tokens=False)["input_ids"]
    answer = [*answer[: most // 2], tokenizer.eos_token_id]
    room = max(2, most - len(answer))
    if len(asked) > room:
        asked = [*asked[: room // 2], *asked[len(asked) - (room - room // 2) :]]
    return {
        "input_ids": asked + answer,
        "attention_mask": [1] * (len(asked) + len(answer)),
        # A model learns to write the summary, not the conversation.
        "labels": [IGNORED] * len(asked) + answer,
    }


def _trainer(
    with_model: LanguageModel,
    trained: Any,
    rows: Dataset,
    recipe: SummaryRecipe,
    folder: Path,
    tell: Callable[[Progress], None],
    report_to: str,
) -> Any:
    import torch
    from transformers import DataCollatorForSeq2Seq, PrinterCallback, Trainer, TrainingArguments

    from learning.fine_tuning.feeding import Watch
    from learning.summary_training.answer_trainer import IGNORED, AnswerTrainer

    has_gpu = torch.cuda.is_available()
    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch_size,
        gradient_accumulation_steps=recipe.gathered,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        warmup_steps=recipe.warmup,  # below 1 it is a share
        lr_scheduler_type="linear",
        bf16=has_bf16(),
        use_cpu=not has_gpu,
        dataloader_pin_memory=has_gpu,
        save_strategy="epoch",
        save_total_limit=1,
        logging_strategy="epoch",
        report_to=report_to,
        run_name=folder.parent.name,
        project="corrigible",
        disable_tqdm=True,
        log_level="error",
        seed=recipe.seed,
        train_sampling_strategy="group_by_length",
        length_column_name="length",
    )
    kind = Trainer if with_model.is_encoder_decoder else AnswerTrainer
    trainer = kind(
        model=trained,
        args=arguments,
        train_dataset=rows,
        data_collator=DataCollatorForSeq2Seq(
            with_model.tokenizer, with_model.model, label_pad_token_id=IGNORED
        ),
        callbacks=[Watch(tell, recipe.epochs)],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _save(folder: Path, trained: Any, with_model: LanguageModel, style: Style) -> None:
    model = trained.merge_and_unload() if hasattr(trained, "merge_and_unload") else trained
    model.requires_grad_(True)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    with_model.tokenizer.save_pretrained(folder)
    (folder / STYLE_FILE).write_text(
        json.dumps({"style": style, "title": with_model.title}), encoding="utf-8"
    )
